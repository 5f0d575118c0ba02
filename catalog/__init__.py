"""What the shop sells: categories, products, variants, stock, media, reviews, CSV import."""
