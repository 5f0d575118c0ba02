"""A part of the shop with graphene-django as its documentation shows it, well prefetched."""
