from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

# The words of a text that typos are corrected in, as they were written and as searches know them.
# Short ones say too little to be guessed at, and another number is never what was meant.
WORDS = """
CREATE FUNCTION catalog_words(content text, OUT word text, OUT stem text) RETURNS SETOF record
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT lexeme, stems[1]
    FROM unnest(to_tsvector('simple', content)), ts_lexize('english_stem', lexeme) AS stems
   WHERE char_length(lexeme) BETWEEN 4 AND 30
     AND replace(lexeme, '-', '') !~ '[[:punct:][:digit:][:space:]]'
     AND stems[1] <> ''
$$
"""

# A word, and what is left of it without any one letter; of a long one, without any two. Two words
# with something in common here are one edit apart, or, where both are long, two: a letter more,
# less or another, or two letters in each other's place.
NEAR = """
CREATE FUNCTION catalog_near(VARIADIC words text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_agg(DISTINCT key)
    FROM unnest(words) AS word,
         LATERAL (
           SELECT word
            UNION ALL
           SELECT overlay(
                    overlay(word PLACING '' FROM j FOR 1)
                    PLACING '' FROM i FOR CASE WHEN i < j THEN 1 ELSE 0 END
                  )
             FROM generate_series(1, char_length(word)) AS i,
                  generate_series(i, CASE WHEN char_length(word) < 8 THEN i
                                          ELSE char_length(word) END) AS j
         ) AS remains (key)
$$
"""

# A term as typed into a search box, the last word also as a beginning. A word that no product
# has is replaced by the nearest ones that products have; where one product has them all, there is
# none to look for, unless words are alternatives or excluded. Sequential scans are off because a plan
# for unknown words would take one, hoping to find a match early.
QUERY = r"""
CREATE FUNCTION catalog_search_query(term text) RETURNS tsquery
LANGUAGE plpgsql STABLE PARALLEL SAFE SET enable_seqscan = off AS $$
DECLARE
  -- A query's text ends in its last word, quoted: 'ocean' & 'shir'. With :* behind it, it matches
  -- by its beginning. An excluded last word (!'red') is left whole.
  asked tsquery := regexp_replace(
    websearch_to_tsquery('english', term)::text, '(^| )(''[^ ]*'')$', '\1\2:*'
  )::tsquery;
  prefix text := substring(asked::text FROM '''([^ '']*)'':\*$');
  typed record;
  wanted tsquery;
  meant text;
BEGIN
  IF asked::text !~ '[|!]' AND EXISTS (SELECT FROM catalog_product WHERE search_vector @@ asked)
  THEN RETURN asked;
  END IF;
  FOR typed IN SELECT word, stem FROM catalog_words(term) LOOP
    wanted := format('''%s''%s', typed.stem, CASE WHEN typed.stem = prefix THEN ':*' END);
    CONTINUE WHEN EXISTS (SELECT FROM catalog_product WHERE search_vector @@ wanted);
    SELECT string_agg(format('''%s''', stem), ' | ') INTO meant FROM (
      SELECT stem FROM (
        SELECT stem,
               left(word, 1) = left(typed.word, 1) AS begins_alike,
               (SELECT count(*) FROM unnest(near) AS key WHERE key = ANY (keys)) AS shared
          FROM catalog_searchword, catalog_near(typed.word, typed.stem) AS keys
         WHERE near && keys
           AND EXISTS (SELECT FROM catalog_product
                        WHERE search_vector @@ format('''%s''', stem)::tsquery)
      ) AS found
      GROUP BY stem
      ORDER BY bool_or(begins_alike) DESC, max(shared) DESC
      FETCH FIRST ROW WITH TIES
    ) AS nearest;
    CONTINUE WHEN meant IS NULL;
    asked := ts_rewrite(asked, format('''%s''', typed.stem)::tsquery, meant::tsquery);
  END LOOP;
  RETURN asked;
END
$$
"""

# Which products have which words is derived; refresh_search keeps it from here on.
FILL = """
INSERT INTO catalog_searchword (word, stem, near)
SELECT word, stem, catalog_near(word, stem)
  FROM (
    SELECT DISTINCT word, stem
      FROM (
        SELECT concat_ws(' ', name, vendor, array_to_string(tags, ' '), description)
          FROM catalog_product
         UNION ALL
        SELECT sku FROM catalog_variant
      ) AS written (content), catalog_words(content)
  ) AS found
"""


def function(signature: str, source: str) -> migrations.RunSQL:
    """The function, gone when the migration is undone."""
    return migrations.RunSQL(source, f"DROP FUNCTION {signature}")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_initial")]

    operations = [
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("word", models.TextField(db_index=True)),
                ("stem", models.TextField()),
                ("near", ArrayField(models.TextField())),
            ],
            options={"indexes": [GinIndex(fields=["near"], name="search_word_near")]},
        ),
        function("catalog_words", WORDS),
        function("catalog_near", NEAR),
        function("catalog_search_query", QUERY),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
