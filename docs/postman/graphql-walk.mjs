// A purchase over GraphQL, from the shelf to the parcel. `then` runs in Postman, after the answer
// was seen to have no errors: `data` is the answer's data, `keep` remembers for later requests.

const address = {
  name: "Ada Byron",
  street: "1 Analytical Way",
  city: "London",
  postalCode: "N1 9GU",
  country: "GB",
};

export const graphqlWalk = {
  Browse: [
    {
      operation: "Browse",
      token: null,
      variables: { first: 5, filter: { inStock: true }, sort: "PRICE_ASC" },
      then(data, keep) {
        pm.test("something is in stock", () => pm.expect(data.products.edges).to.not.eql([]));
        keep("slug", data.products.edges[0].node.slug);
        keep("cursor", data.products.pageInfo.endCursor);
      },
    },
    {
      name: "Browse: the next page",
      operation: "Browse",
      token: null,
      variables: { first: 5, after: "{{cursor}}", filter: { inStock: true }, sort: "PRICE_ASC" },
      then(data) {
        pm.test("a page before this one", () =>
          pm.expect(data.products.pageInfo.hasPreviousPage).to.equal(true));
      },
    },
    { operation: "Facets", token: null, variables: {} },
    { operation: "Categories", token: null },
    {
      operation: "ProductPage",
      token: null,
      variables: { slug: "{{slug}}" },
      then(data, keep) {
        const variant = data.product.variants.find((each) => each.availability !== "OUT_OF_STOCK");
        keep("variantId", variant.id);
      },
    },
  ],
  "Log in": [
    {
      operation: "Login",
      token: null,
      variables: { email: "{{customerEmail}}", password: "{{password}}" },
      then(data, keep) {
        keep("token", data.tokenAuth.token);
        keep("refreshToken", data.tokenAuth.refreshToken);
      },
    },
    {
      operation: "Refresh",
      token: null,
      variables: { refreshToken: "{{refreshToken}}" },
      then(data, keep) {
        keep("token", data.refreshToken.token);
        keep("refreshToken", data.refreshToken.refreshToken);
      },
    },
    { operation: "Viewer" },
  ],
  Buy: [
    {
      operation: "CartCreate",
      variables: {
        input: {
          lines: [{ variantId: "{{variantId}}", quantity: 1 }],
          idempotencyKey: "{{$guid}}",
        },
      },
      then(data, keep) {
        keep("cartToken", data.cartCreate.cart.token);
      },
    },
    {
      operation: "CartUpdate",
      variables: { input: { token: "{{cartToken}}", shippingAddress: address } },
      then(data, keep) {
        keep("shippingMethodId", data.cartUpdate.cart.shippingMethods[0].id);
      },
    },
    {
      name: "CartUpdate: how to send it",
      operation: "CartUpdate",
      variables: { input: { token: "{{cartToken}}", shippingMethodId: "{{shippingMethodId}}" } },
      then(data, keep) {
        pm.test("nothing is missing", () => pm.expect(data.cartUpdate.cart.requirements).to.eql([]));
        keep("total", data.cartUpdate.cart.quote.total.amount);
      },
    },
    {
      operation: "Checkout",
      variables: {
        input: {
          cartToken: "{{cartToken}}",
          idempotencyKey: "{{$guid}}",
          quoteTotal: "{{total}}",
          payment: { provider: "manual", data: {} },
        },
      },
      then(data, keep) {
        const { order } = data.checkoutComplete;
        keep("orderToken", order.token);
        keep("orderNumber", order.number);
        keep("orderLineId", order.lines[0].id);
      },
    },
  ],
  Track: [
    {
      operation: "OrderByToken",
      token: null,
      variables: { token: "{{orderToken}}" },
      then(data) {
        pm.test("the order is confirmed", () => pm.expect(data.order.status).to.equal("CONFIRMED"));
      },
    },
    {
      operation: "MessageSend",
      variables: {
        input: {
          recipientEmail: "{{staffEmail}}",
          orderNumber: "{{orderNumber}}",
          body: "Where is my parcel?",
        },
      },
    },
  ],
  Staff: [
    {
      name: "Login: as staff",
      operation: "Login",
      token: null,
      variables: { email: "{{staffEmail}}", password: "{{password}}" },
      then(data, keep) {
        keep("staffToken", data.tokenAuth.token);
      },
    },
    {
      operation: "StaffOrders",
      token: "staffToken",
      variables: { first: 5, filter: { search: "{{orderNumber}}" }, sort: "NEWEST" },
      then(data) {
        pm.test("the order is found", () => {
          const numbers = data.orders.edges.map((edge) => edge.node.number);
          pm.expect(numbers).to.include(pm.collectionVariables.get("orderNumber"));
        });
      },
    },
    {
      operation: "FulfillmentCreate",
      token: "staffToken",
      variables: {
        input: {
          orderNumber: "{{orderNumber}}",
          trackingNumber: "TRACK1",
          lines: [{ orderLineId: "{{orderLineId}}", quantity: 1 }],
        },
      },
    },
    {
      operation: "ProductCreate",
      token: "staffToken",
      variables: {
        input: {
          name: "Mug {{$guid}}",
          options: [{ name: "Size", values: ["S", "L"] }],
          variants: [
            { price: "9.90", stock: 5, options: [{ name: "Size", value: "S" }] },
            { price: "11.90", stock: 5, options: [{ name: "Size", value: "L" }] },
          ],
          media: [{ url: "https://example.com/mug.jpg", alt: "A mug" }],
        },
      },
      then(data, keep) {
        keep("productId", data.productCreate.product.id);
        keep("newVariantId", data.productCreate.product.variants[0].id);
      },
    },
    {
      operation: "StockAdjust",
      token: "staffToken",
      variables: { input: { variantId: "{{newVariantId}}", delta: 10, reason: "RECEIVED" } },
    },
    {
      operation: "ProductUpdate",
      token: "staffToken",
      variables: { input: { id: "{{productId}}", isPublished: true } },
    },
    { operation: "ProductDelete", token: "staffToken", variables: { input: { id: "{{productId}}" } } },
    { operation: "Jobs", token: "staffToken", variables: { first: 5, filter: {} } },
  ],
  "Track once more": [
    {
      operation: "OrderByNumber",
      variables: { number: "{{orderNumber}}" },
      then(data) {
        pm.test("the parcel is on its way", () => {
          pm.expect(data.order.status).to.equal("FULFILLED");
          pm.expect(data.order.fulfillments[0].trackingNumber).to.equal("TRACK1");
        });
      },
    },
    { operation: "Logout", variables: { refreshToken: "{{refreshToken}}" } },
    {
      name: "Login: for what you send next",
      operation: "Login",
      token: null,
      variables: { email: "{{customerEmail}}", password: "{{password}}" },
      then(data, keep) {
        keep("token", data.tokenAuth.token);
      },
    },
  ],
};
