"""Complete an image from its own patches, the ground of PatchMatch and image melding.

``completion`` has the system: expectation maximisation from coarse to fine, one ``sweep`` at a time. A
sweep looks for a neighbour for every patch that overlaps the hole (``nearest_field`` or
``randomised_field``, by one of the ``distances``) and lets the neighbours vote (``votes``). Below lie
``patches``, the ``pyramid`` of scales, the ``onion`` peel that begins, and copies ``turned`` and scaled.
"""
