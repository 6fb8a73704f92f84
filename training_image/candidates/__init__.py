"""Ways to serve a trained model: built and measured at the end of training, chosen by accuracy, speed and the CPU."""

import os

# From 1.29 on ONNX Runtime reports the machine to its maker when it is imported, unless this is set before.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
