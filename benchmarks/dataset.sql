-- The shop that is measured: 20,000 products x 3 variants x 2 media x 5 reviews; 200 customers with
-- 10 orders each. Every value follows from a row's number, so that each run reads the same rows.
-- Slugs, SKUs and model numbers are digits because pgbench can draw nothing but numbers.
-- Listings and search vectors are left to the shop's own services.

INSERT INTO users_user (
    id, password, is_superuser, email, first_name, last_name, is_active, is_staff,
    is_email_verified, token_version, created_at
)
SELECT n, '!', false, 'customer' || n || '@example.com',
       (ARRAY['Ada', 'Ben', 'Cleo', 'Dana', 'Eli', 'Fay', 'Gus', 'Hana'])[1 + n % 8],
       (ARRAY['Archer', 'Baker', 'Carter', 'Dyer', 'Ellis', 'Fisher', 'Glover'])[1 + n % 7],
       true, false, true, 1, timestamptz '2024-01-01' + n * interval '1 hour'
  FROM generate_series(1, 200) n;

INSERT INTO catalog_category (id, parent_id, name, slug, path, position)
SELECT n, NULL, 'Department ' || n, n::text, n || '/', n
  FROM generate_series(1, 8) n;
INSERT INTO catalog_category (id, parent_id, name, slug, path, position)
SELECT n, 1 + n % 8, 'Category ' || n, n::text, (1 + n % 8) || '/' || n || '/', n
  FROM generate_series(9, 48) n;

INSERT INTO catalog_product (
    id, category_id, name, slug, description, vendor, tags, is_published, published_at,
    created_at, updated_at
)
SELECT n, 9 + n % 40,
       (ARRAY['Oak', 'Steel', 'Linen', 'Copper', 'Glass', 'Wool', 'Cork', 'Stone'])[1 + n % 8]
           || ' '
           || (ARRAY['chair', 'lamp', 'table', 'shelf', 'bowl', 'blanket', 'vase', 'stool', 'desk',
                     'mirror', 'basket'])[1 + n % 11]
           || ' ' || 100 + n * 7 % 900,
       n::text,
       '<p>' || repeat('A piece for every day, made to last and to be repaired. ', 1 + n % 6)
           || 'Model ' || n || '.</p>',
       'Vendor ' || n % 60,
       ARRAY['tag-' || n % 30, 'tag-' || 30 + n % 20],
       true, timestamptz '2024-02-01' + n * interval '7 minutes',
       timestamptz '2024-02-01' + n * interval '7 minutes',
       timestamptz '2024-02-01' + n * interval '7 minutes'
  FROM generate_series(1, :products) n;

INSERT INTO catalog_productoption (product_id, name, position, values)
SELECT n, 'Size', 0, ARRAY['Small', 'Medium', 'Large']
  FROM generate_series(1, :products) n;

INSERT INTO catalog_variant (
    id, product_id, sku, name, position, options, price, compare_at_price, currency, weight
)
SELECT 3 * (n - 1) + size, n, (9000000 + 3 * n + size)::text, label, size - 1,
       jsonb_build_object('Size', label),
       round(5 + (n * 37 % 20000) / 100.0 + size * 2.5, 2),
       CASE WHEN n % 5 = 0 THEN round(20 + (n * 37 % 20000) / 100.0 + size * 2.5, 2) END,
       'EUR', 200 + n % 3000
  FROM generate_series(1, :products) n,
       unnest(ARRAY['Small', 'Medium', 'Large']) WITH ORDINALITY AS sizes (label, size);

INSERT INTO catalog_stock (variant_id, on_hand, allocated)
SELECT id, id * 13 % 40, 0 FROM catalog_variant;
INSERT INTO catalog_stockmovement (variant_id, delta, kind, reference, created_at)
SELECT id, id * 13 % 40, 'RECEIVED', 'opening', timestamptz '2024-01-01'
  FROM catalog_variant
 WHERE id * 13 % 40 > 0;

INSERT INTO catalog_media (product_id, file, url, alt, position, thumbnails)
SELECT n, '', 'https://images.example.com/' || n || '/' || m || '.jpg',
       'Product ' || n || ', seen from side ' || m, m - 1, '{}'
  FROM generate_series(1, :products) n, generate_series(1, 2) m;

INSERT INTO catalog_review (product_id, user_id, rating, title, body, status, created_at)
SELECT n, 1 + (n + 39 * r) % 200, 1 + (n + r * r) % 5,
       (ARRAY['As described', 'Solid', 'Would buy again', 'Not for me', 'Lovely'])[r],
       repeat('It stands in our living room and does what it should. ', 1 + (n + r) % 3),
       'PUBLISHED', timestamptz '2024-06-01' + n * interval '1 minute' + r * interval '1 day'
  FROM generate_series(1, :products) n, generate_series(1, 5) r;

INSERT INTO commerce_order (
    id, number, token, user_id, email, status, payment_status, currency, subtotal, discount,
    shipping, tax, included_tax, total, shipping_address, shipping_method_name, placed_at
)
SELECT n, 'N-' || 100000 + n, 'order-token-' || n, 1 + n % 200,
       'customer' || 1 + n % 200 || '@example.com', 'CONFIRMED', 'PAID', 'EUR', 60, 0, 4.90, 0,
       0, 64.90,
       jsonb_build_object('name', 'Customer ' || 1 + n % 200, 'street', 'High Street ' || n,
                          'city', 'Leeds', 'postal_code', 'LS1', 'country', 'GB', 'phone', ''),
       'Standard', timestamptz '2025-01-01' + n * interval '11 minutes'
  FROM generate_series(1, 2000) n;

INSERT INTO commerce_orderline (
    order_id, variant_id, name, sku, quantity, fulfilled, "returning", returned, unit_price, total, currency
)
SELECT o, v.id, 'Product ' || v.product_id || ', ' || v.name, v.sku, 2, 0, 0, 0, 10, 20, 'EUR'
  FROM generate_series(1, 2000) o, generate_series(1, 3) line
  JOIN LATERAL (
           SELECT * FROM catalog_variant WHERE id = 1 + (o * 31 + line * 7) % (3 * :products)
       ) v ON true;

INSERT INTO commerce_orderevent (order_id, sequence, kind, message, created_at)
SELECT n, 0, 'PLACED', 'The order was placed.', timestamptz '2025-01-01' + n * interval '11 minutes'
  FROM generate_series(1, 2000) n;

SELECT setval(pg_get_serial_sequence(name, 'id'), 1000000)
  FROM unnest(ARRAY['users_user', 'catalog_category', 'catalog_product', 'catalog_variant',
                    'commerce_order']) name;

-- PostGraphile calls every table's key rowId; a column of that name leaves it without the table, and
-- without all that lead to it.
COMMENT ON COLUMN catalog_importrowerror.row_id IS E'@name import_row_id';
