"""How the shop sells: carts, quotes, checkout, orders, payments, fulfilment, vouchers."""
