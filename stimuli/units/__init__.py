"""Names for a layer's units, and explanations in words made of them (Grad-CAM paper, section 7)."""
