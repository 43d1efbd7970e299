"""Networks that answer questions about pictures, and the pictures and questions that they are trained on."""
