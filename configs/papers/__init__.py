"""The shipped experiments: ``--experiment=desai:cpu`` names ``configs/papers/desai.py``.

A page has ``get_experiment(argument) -> Experiment`` and regenerates the tables and figures of one paper.
"""
