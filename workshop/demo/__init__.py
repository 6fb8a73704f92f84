"""A page in the browser: type an article and see its category, what the model read, and what the endpoint costs."""
