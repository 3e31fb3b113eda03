"""Shipped configs, installed as ``inpaint_jax.configs``.

``--config=yeh:cpu`` names ``configs/yeh.py``.

A page has ``get_config(argument) -> ConfigDict``; the docstring of the page lists the words of the
argument. Your own page can start from a shipped one::

    from inpaint_jax.configs import yeh


    def get_config(argument="default,cpu"):
        config = yeh.get_config(argument)
        config.search.iterations = 1000
        return config
"""
