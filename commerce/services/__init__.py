"""What the shop does with carts and orders; every door calls these."""
