"""Completion of an image from its own patches, the basis of PatchMatch and image melding.

``completion`` contains the system: expectation maximisation from coarse to fine, one ``sweep`` at a
time. A sweep finds a neighbour for every patch that overlaps the hole (``nearest_field`` or
``randomised_field``, by one of the ``distances``) and lets the neighbours vote (``votes``). The
other files contain ``patches``, the ``pyramid`` of scales, the ``onion`` peel of the start, and
copies that are ``turned`` and scaled.
"""
