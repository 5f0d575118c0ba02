// The tabs that GraphiQL opens with. Each runs as it stands on the sample catalogue, or says
// which value to put in.
"use strict";

window.nexusSamples = [
  {
    query: `# The catalogue: search, filters, sorting, pages.
# Change the variables below.
query Browse(
  $first: Int = 5
  $after: String
  $search: String
  $filter: ProductFilter
  $sort: ProductSort
) {
  products(
    first: $first
    after: $after
    search: $search
    filter: $filter
    sort: $sort
  ) {
    totalCount
    edges {
      node {
        slug
        name
        availability
        priceRange {
          min { amount currency }
          max { amount currency }
        }
        category { name }
        media(first: 1) { url alt }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: JSON.stringify({ first: 5, sort: "PRICE_ASC", filter: { inStock: true } }, null, 2),
  },
  {
    query: `# What a filter panel shows: each filter's values,
# and how many products are behind each.
query Facets($search: String, $filter: ProductFilter) {
  products(first: 0, search: $search, filter: $filter) {
    totalCount
    facets { name label values { value label count } }
  }
}
`,
    variables: "{}",
  },
  {
    query: `# Log in, then put the token in the Headers tab:
# {"Authorization": "Bearer ..."}
mutation Login($email: String!, $password: String!) {
  tokenAuth(email: $email, password: $password) {
    token
    refreshToken
    payload
    refreshExpiresIn
  }
}
`,
    variables: JSON.stringify(
      { email: "customer@example.com", password: "nexus-demo-password" }, null, 2,
    ),
  },
  {
    query: `# Who am I? Log in first: it needs a token in the Headers
# tab, or a browser that is logged in to /admin/.
query Viewer {
  viewer {
    email
    roles
    orders(first: 10) {
      totalCount
      edges { node { number status total { amount currency } } }
    }
    notifications(first: 5) {
      unreadCount
      edges { node { title readAt } }
    }
  }
}
`,
  },
  {
    query: `# A guest's cart: its token is the key to it.
# Keep it for the next tabs.
mutation CartCreate($input: CartCreateInput!) {
  cartCreate(input: $input) {
    cart {
      token
      version
      lines {
        quantity
        variant { sku name }
        total { amount currency }
      }
      requirements
    }
    userErrors { field code message }
  }
}
`,
    variables: JSON.stringify({ input: { lines: [{ sku: "OBS-1", quantity: 1 }] } }, null, 2),
  },
  {
    query: `# Where the goods go. Put the cart's token in the variables;
# the answer lists the ways to send there.
mutation CartUpdate($input: CartUpdateInput!) {
  cartUpdate(input: $input) {
    cart {
      shippingMethods { id name price { amount currency } }
      quote { total { amount currency } expiresAt }
      requirements
    }
    userErrors { field code message }
  }
}
`,
    variables: JSON.stringify(
      {
        input: {
          token: "TOKEN",
          email: "ada@example.com",
          shippingAddress: {
            name: "Ada Byron",
            street: "1 Analytical Way",
            city: "London",
            postalCode: "N1 9GU",
            country: "GB",
          },
        },
      },
      null,
      2,
    ),
  },
  {
    query: `# How they go there. Put the cart's token and one of its
# shippingMethods in the variables.
mutation CartShipping($input: CartUpdateInput!) {
  cartUpdate(input: $input) {
    cart { quote { total { amount currency } } requirements }
    userErrors { field code message }
  }
}
`,
    variables: JSON.stringify({ input: { token: "TOKEN", shippingMethodId: "ID" } }, null, 2),
  },
  {
    query: `# Buy. Put the cart's token in the variables; the same key
# again buys nothing more.
mutation Checkout($input: CheckoutCompleteInput!) {
  checkoutComplete(input: $input) {
    order { number token status }
    payment { status }
    jobs { id kind status }
    userErrors { field code message }
  }
}
`,
    variables: JSON.stringify(
      {
        input: {
          cartToken: "TOKEN",
          idempotencyKey: "any-random-text",
          payment: { provider: "manual" },
        },
      },
      null,
      2,
    ),
  },
  {
    query: `# Watch. Put the order's token in the variables; what has
# happened comes first, then what happens.
subscription OrderUpdated($token: ID!, $after: Int) {
  orderUpdated(token: $token, after: $after) {
    sequence
    kind
    message
    order { number status paymentStatus }
  }
}
`,
    variables: JSON.stringify({ token: "TOKEN", after: 0 }, null, 2),
  },
];
