// The same over REST. `then` runs in Postman, after the answer was seen to have the expected
// status: `answer` is its JSON, `keep` remembers for later requests.

const address = {
  name: "Ada Byron",
  street: "1 Analytical Way",
  city: "London",
  postal_code: "N1 9GU",
  country: "GB",
};

export const restWalk = {
  Browse: [
    {
      name: "List products",
      method: "GET",
      path: "/api/products/?page_size=5&in_stock=true&ordering=price&fields=id,slug,name",
      token: null,
      then(answer, keep) {
        pm.test("something is in stock", () => pm.expect(answer.results).to.not.eql([]));
        keep("productId", answer.results[0].id);
      },
    },
    {
      name: "Read a product",
      method: "GET",
      path: "/api/products/{{productId}}/",
      token: null,
      then(answer, keep) {
        const variant = answer.variants.find((each) => each.availability !== "OUT_OF_STOCK");
        keep("variantId", variant.id);
        keep("etag", pm.response.headers.get("ETag"));
      },
    },
    {
      name: "Read it again: nothing has changed",
      method: "GET",
      path: "/api/products/{{productId}}/",
      headers: { "If-None-Match": "{{etag}}" },
      token: null,
      status: 304,
    },
    { name: "List categories", method: "GET", path: "/api/categories/", token: null },
  ],
  "Log in": [
    {
      name: "Log in",
      path: "/api/token/",
      token: null,
      json: { email: "{{customerEmail}}", password: "{{password}}" },
      then(answer, keep) {
        keep("token", answer.token);
        keep("refreshToken", answer.refresh_token);
      },
    },
    {
      name: "Refresh the token",
      path: "/api/token/refresh/",
      token: null,
      json: { refresh_token: "{{refreshToken}}" },
      then(answer, keep) {
        keep("token", answer.token);
        keep("refreshToken", answer.refresh_token);
      },
    },
  ],
  Buy: [
    {
      name: "Make a cart",
      path: "/api/carts/",
      headers: { "Idempotency-Key": "{{$guid}}" },
      json: { lines: [{ variant_id: "{{variantId}}", quantity: 1 }] },
      status: 201,
      then(answer, keep) {
        keep("cartToken", answer.token);
      },
    },
    {
      name: "Say where it goes",
      method: "PATCH",
      path: "/api/carts/{{cartToken}}/",
      json: { shipping_address: address },
      then(answer, keep) {
        keep("shippingMethodId", answer.shipping_methods[0].id);
      },
    },
    {
      name: "Say how to send it",
      method: "PATCH",
      path: "/api/carts/{{cartToken}}/",
      json: { shipping_method_id: "{{shippingMethodId}}" },
      then(answer, keep) {
        pm.test("nothing is missing", () => pm.expect(answer.requirements).to.eql([]));
        keep("total", answer.quote.total);
      },
    },
    {
      name: "Complete the checkout",
      path: "/api/orders/",
      headers: { "Idempotency-Key": "{{$guid}}" },
      json: {
        cart_token: "{{cartToken}}",
        quote_total: "{{total}}",
        payment: { provider: "manual", data: {} },
      },
      status: 201,
      then(answer, keep) {
        keep("orderNumber", answer.order.number);
        keep("orderToken", answer.order.token);
      },
    },
  ],
  Track: [
    {
      name: "Read the order, as a guest",
      method: "GET",
      path: "/api/orders/{{orderNumber}}/",
      headers: { "Order-Token": "{{orderToken}}" },
      token: null,
      then(answer) {
        pm.test("the order is confirmed", () => pm.expect(answer.status).to.equal("CONFIRMED"));
      },
    },
    {
      name: "Ask the staff",
      path: "/api/messages/",
      json: {
        recipient_email: "{{staffEmail}}",
        order_number: "{{orderNumber}}",
        body: "Where is my parcel?",
      },
      status: 201,
    },
  ],
  Staff: [
    {
      name: "Log in as staff",
      path: "/api/token/",
      token: null,
      json: { email: "{{staffEmail}}", password: "{{password}}" },
      then(answer, keep) {
        keep("staffToken", answer.token);
      },
    },
    {
      name: "Find the order",
      method: "GET",
      path: "/api/orders/?search={{orderNumber}}&fields=number,status",
      token: "staffToken",
      then(answer) {
        pm.test("the order is found", () => {
          const numbers = answer.results.map((each) => each.number);
          pm.expect(numbers).to.include(pm.collectionVariables.get("orderNumber"));
        });
      },
    },
    {
      name: "Send the parcel",
      path: "/api/orders/{{orderNumber}}/fulfillments/",
      token: "staffToken",
      json: { tracking_number: "TRACK2" },
      status: 201,
    },
    {
      name: "Enter a product",
      path: "/api/products/",
      headers: { "Idempotency-Key": "{{$guid}}" },
      token: "staffToken",
      json: {
        name: "Mug {{$guid}}",
        options: [{ name: "Size", values: ["S", "L"] }],
        variants: [
          { price: "9.90", stock: 5, options: [{ name: "Size", value: "S" }] },
          { price: "11.90", stock: 5, options: [{ name: "Size", value: "L" }] },
        ],
        media: [{ url: "https://example.com/mug.jpg", alt: "A mug" }],
      },
      status: 201,
      then(answer, keep) {
        keep("newProductId", answer.id);
        keep("etag", pm.response.headers.get("ETag"));
      },
    },
    {
      name: "Publish it",
      method: "PATCH",
      path: "/api/products/{{newProductId}}/",
      headers: { "If-Match": "{{etag}}" },
      token: "staffToken",
      json: { is_published: true },
    },
    {
      name: "Change the version that is no more",
      method: "PATCH",
      path: "/api/products/{{newProductId}}/",
      headers: { "If-Match": "{{etag}}" },
      token: "staffToken",
      json: { is_published: false },
      status: 412,
    },
    {
      name: "Delete it",
      method: "DELETE",
      path: "/api/products/{{newProductId}}/",
      token: "staffToken",
      status: 204,
    },
    { name: "List jobs", method: "GET", path: "/api/jobs/?page_size=5", token: "staffToken" },
  ],
  "Track once more": [
    {
      name: "Read the order, as its owner",
      method: "GET",
      path: "/api/orders/{{orderNumber}}/",
      then(answer) {
        pm.test("the parcel is on its way", () => {
          pm.expect(answer.status).to.equal("FULFILLED");
          pm.expect(answer.fulfillments[0].tracking_number).to.equal("TRACK2");
        });
      },
    },
    {
      name: "Log out",
      path: "/api/token/revoke/",
      token: null,
      json: { refresh_token: "{{refreshToken}}" },
    },
    {
      name: "Log in for what you send next",
      path: "/api/token/",
      token: null,
      json: { email: "{{customerEmail}}", password: "{{password}}" },
      then(answer, keep) {
        keep("token", answer.token);
      },
    },
  ],
};
