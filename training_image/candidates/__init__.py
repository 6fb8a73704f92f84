"""Ways to serve a trained model: built and measured at the end of training, chosen by accuracy, speed and the CPU."""
