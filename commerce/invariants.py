"""What must always hold between orders, their parts, stock and money."""

from __future__ import annotations

from tasks.invariants import Invariant

# In these states what is not yet sent of an order is allocated.
ALLOCATED_STOCK = """
WITH wanted AS (
    SELECT l.variant_id, sum(l.quantity - l.fulfilled) AS wanted
      FROM commerce_orderline l
      JOIN commerce_order o ON o.id = l.order_id
     WHERE o.status IN ('PENDING_PAYMENT', 'CONFIRMED', 'PARTIALLY_FULFILLED')
       AND l.variant_id IS NOT NULL
     GROUP BY l.variant_id
)
SELECT coalesce(s.variant_id, w.variant_id) AS variant_id,
       coalesce(s.allocated, 0) AS allocated, coalesce(w.wanted, 0) AS open_order_lines
  FROM catalog_stock s
  FULL JOIN wanted w USING (variant_id)
 WHERE coalesce(s.allocated, 0) <> coalesce(w.wanted, 0)
 ORDER BY 1
"""

ORDER_SUBTOTALS = """
SELECT o.id AS order_id, o.number, o.subtotal, coalesce(sum(l.total), 0) AS lines
  FROM commerce_order o
  LEFT JOIN commerce_orderline l ON l.order_id = o.id
 GROUP BY o.id
HAVING o.subtotal <> coalesce(sum(l.total), 0)
 ORDER BY 1
"""

# Orders that were called off have given their vouchers back.
ORDER_DISCOUNTS = """
SELECT o.id AS order_id, o.number, o.discount, coalesce(sum(r.amount), 0) AS redemptions
  FROM commerce_order o
  LEFT JOIN commerce_voucherredemption r ON r.order_id = o.id
 WHERE o.status NOT IN ('CANCELLED', 'EXPIRED')
 GROUP BY o.id
HAVING o.discount <> coalesce(sum(r.amount), 0)
 ORDER BY 1
"""

CURRENCIES = """
SELECT o.id AS order_id, o.number, o.currency, 'line ' || l.id AS part, l.currency AS other
  FROM commerce_order o
  JOIN commerce_orderline l ON l.order_id = o.id
 WHERE l.currency <> o.currency
 UNION ALL
SELECT o.id, o.number, o.currency, 'payment ' || p.id, p.currency
  FROM commerce_order o
  JOIN commerce_payment p ON p.order_id = o.id
 WHERE p.currency <> o.currency
 ORDER BY 1
"""

VOUCHERS_USED = """
SELECT v.id AS voucher_id, v.code, v.used, count(r.id) AS redemptions
  FROM commerce_voucher v
  LEFT JOIN commerce_voucherredemption r ON r.voucher_id = v.id
 GROUP BY v.id
HAVING v.used <> count(r.id)
 ORDER BY 1
"""

# The sequences are unique, so that none is missing where they run from 1 to their number.
EVENT_SEQUENCES = """
SELECT o.id AS order_id, o.number, count(e.id) AS events,
       min(e.sequence) AS first, max(e.sequence) AS last
  FROM commerce_order o
  LEFT JOIN commerce_orderevent e ON e.order_id = o.id
 GROUP BY o.id
HAVING count(e.id) = 0 OR min(e.sequence) <> 1 OR max(e.sequence) <> count(e.id)
 ORDER BY 1
"""

FULFILLED_QUANTITIES = """
SELECT l.id AS order_line_id, l.order_id, l.fulfilled, coalesce(sum(part.quantity), 0) AS parcels
  FROM commerce_orderline l
  LEFT JOIN (commerce_fulfillmentline part
             JOIN commerce_fulfillment f ON f.id = part.fulfillment_id AND f.status <> 'CANCELLED')
    ON part.order_line_id = l.id
 GROUP BY l.id
HAVING l.fulfilled <> coalesce(sum(part.quantity), 0)
 ORDER BY 1
"""

RETURNED_QUANTITIES = """
WITH parts AS (
    SELECT part.order_line_id,
           sum(part.quantity) FILTER (WHERE r.status IN ('REQUESTED', 'APPROVED')) AS open_returns,
           sum(part.quantity) FILTER (WHERE r.status = 'RECEIVED') AS received_returns
      FROM commerce_returnline part
      JOIN commerce_return r ON r.id = part.order_return_id
     GROUP BY part.order_line_id
)
SELECT l.id AS order_line_id, l.order_id,
       l.returning, coalesce(p.open_returns, 0) AS open_returns,
       l.returned, coalesce(p.received_returns, 0) AS received_returns
  FROM commerce_orderline l
  LEFT JOIN parts p ON p.order_line_id = l.id
 WHERE (l.returning, l.returned)
       <> (coalesce(p.open_returns, 0), coalesce(p.received_returns, 0))
 ORDER BY 1
"""

PARTS_OF_OWN_ORDER = """
SELECT f.order_id, 'fulfillment ' || f.id AS part, l.id AS order_line_id,
       l.order_id AS order_of_line
  FROM commerce_fulfillment f
  JOIN commerce_fulfillmentline part ON part.fulfillment_id = f.id
  JOIN commerce_orderline l ON l.id = part.order_line_id
 WHERE l.order_id <> f.order_id
 UNION ALL
SELECT r.order_id, 'return ' || r.id, l.id, l.order_id
  FROM commerce_return r
  JOIN commerce_returnline part ON part.order_return_id = r.id
  JOIN commerce_orderline l ON l.id = part.order_line_id
 WHERE l.order_id <> r.order_id
 ORDER BY 1, 2, 3
"""

ORDER_STATUSES = """
SELECT id AS order_id, number, status, ordered, sent
  FROM (
    SELECT o.id, o.number, o.status, sum(l.quantity) AS ordered, sum(l.fulfilled) AS sent
      FROM commerce_order o
      JOIN commerce_orderline l ON l.order_id = o.id
     GROUP BY o.id
  ) AS orders
 WHERE CASE status
         WHEN 'FULFILLED' THEN sent <> ordered
         WHEN 'PARTIALLY_FULFILLED' THEN sent = 0 OR sent = ordered
         ELSE sent <> 0
       END
 ORDER BY 1
"""

PAYMENT_AMOUNTS = """
SELECT p.id AS payment_id, p.order_id, p.status, p.amount, p.authorized, p.captured, p.refunded
  FROM commerce_payment p
 WHERE p.authorized > p.amount OR p.captured > p.authorized OR p.refunded > p.captured
    OR p.captured + p.capturing > p.authorized OR p.refunded + p.refunding > p.captured
    OR CASE p.status
         WHEN 'AUTHORIZED' THEN p.authorized = 0
         WHEN 'CAPTURED' THEN p.captured = 0
         ELSE p.captured > 0
       END AND p.amount > 0
 ORDER BY 1
"""

# A payment that failed or was called off holds no money, whatever was once authorized. One that
# came after another had paid the order says nothing of the order: it is given back.
PAYMENT_STATUSES = """
WITH money AS (
    SELECT order_id,
           sum(authorized) FILTER (WHERE status IN ('AUTHORIZED', 'CAPTURED')) AS authorized,
           sum(captured) AS captured, sum(refunded) AS refunded
      FROM commerce_payment
     WHERE NOT is_superseded
     GROUP BY order_id
)
SELECT o.id AS order_id, o.number, o.payment_status, o.total,
       coalesce(m.authorized, 0) AS authorized, coalesce(m.captured, 0) AS captured,
       coalesce(m.refunded, 0) AS refunded
  FROM commerce_order o
  LEFT JOIN money m ON m.order_id = o.id
 WHERE coalesce(m.captured, 0) > o.total
    OR o.total > 0 AND CASE o.payment_status
         WHEN 'AUTHORIZED' THEN
           coalesce(m.authorized, 0) = 0 OR m.captured >= o.total OR m.refunded > 0
         WHEN 'PAID' THEN coalesce(m.captured, 0) = 0 OR m.refunded > 0
         WHEN 'PARTIALLY_REFUNDED' THEN
           coalesce(m.refunded, 0) = 0 OR m.refunded >= m.captured
         WHEN 'REFUNDED' THEN coalesce(m.refunded, 0) = 0 OR m.refunded < m.captured
         ELSE coalesce(m.authorized, 0) > 0 OR coalesce(m.captured, 0) > 0
       END
 ORDER BY 1
"""

INVARIANTS = [
    Invariant(
        name="allocated_stock",
        description="What is allocated of a variant is what open orders still wait for.",
        query=ALLOCATED_STOCK,
    ),
    Invariant(
        name="order_subtotals",
        description="An order's subtotal is the sum of its lines.",
        query=ORDER_SUBTOTALS,
    ),
    Invariant(
        name="order_discounts",
        description="An order's discount is what its vouchers took off.",
        query=ORDER_DISCOUNTS,
    ),
    Invariant(
        name="order_currencies",
        description="An order, its lines and payments are of one currency.",
        query=CURRENCIES,
    ),
    Invariant(
        name="order_statuses",
        description="An order's status says how much of it was sent.",
        query=ORDER_STATUSES,
    ),
    Invariant(
        name="order_events",
        description="An order's history counts from 1 without gaps.",
        query=EVENT_SEQUENCES,
    ),
    Invariant(
        name="fulfilled_quantities",
        description="What was sent of an order's line is what its parcels hold.",
        query=FULFILLED_QUANTITIES,
    ),
    Invariant(
        name="returned_quantities",
        description="What comes or came back of an order's line is what its returns hold.",
        query=RETURNED_QUANTITIES,
    ),
    Invariant(
        name="order_parts",
        description="Parcels and returns hold lines of their own order.",
        query=PARTS_OF_OWN_ORDER,
    ),
    Invariant(
        name="payment_amounts",
        description="No payment captures more than was authorized or refunds more than captured.",
        query=PAYMENT_AMOUNTS,
    ),
    Invariant(
        name="payment_statuses",
        description="An order's payment status says how much money its payments hold.",
        query=PAYMENT_STATUSES,
    ),
    Invariant(
        name="vouchers_used",
        description="A voucher was used as often as orders redeemed it.",
        query=VOUCHERS_USED,
    ),
]
