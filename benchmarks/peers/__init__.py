"""Other ways to serve the same tables, each as well as it can be done."""
