"""From a corpus of articles to the encoded splits that the training job reads."""
