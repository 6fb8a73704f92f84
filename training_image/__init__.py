"""The container: `train` fine-tunes chiTra to classify articles, `serve` answers requests with the result."""
