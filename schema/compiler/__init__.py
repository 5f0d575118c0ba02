"""Compiles a GraphQL operation to one SQL statement whose result is the response's text.

The stages, each a module: ``document`` (parse, limits, validate), ``selection`` (which fields),
``mapping`` (how a field is read), ``plan`` (fields to ORM expressions to SQL), ``run`` (bind,
execute). ``README.md`` beside this file follows one query through them.
"""
