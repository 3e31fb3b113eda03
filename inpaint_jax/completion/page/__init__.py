"""``inpaint page``: paint a hole into an image in the browser, and compare methods.

Only this machine can open the page. It needs no network and sends nothing to other machines.
Uploads and results lie in a temporary folder, which is removed at the end. The page needs Gradio
(the extra ``page``).
"""

import importlib.util
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from inpaint_jax.completion.page.choices import check
from inpaint_jax.errors import InputError
from inpaint_jax.runs.interruption import interruption

HOST = "127.0.0.1"
LARGEST = "200mb"  # maximum size of an upload


def serve(methods: Sequence[str], *, port: int | None = None, browser: bool = True) -> None:
    """Serve the page until a signal ends it.

    Args:
      methods: specs of methods to list besides the usual ones; they are selected at first.
      port: port of 127.0.0.1; None: the first free port from 7860 on.
      browser: open the page in the user's browser.

    Raises:
      InputError: Gradio is not installed, a method cannot be opened, or the port is in use.
    """
    if importlib.util.find_spec("gradio") is None:
        raise InputError("the page needs the package gradio: pip install 'inpaint_jax[page]'")
    check(methods)
    with tempfile.TemporaryDirectory(prefix="inpaint-page-") as name, interruption() as stop:
        folder = Path(name)
        # Gradio reads these variables on import.
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
        os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
        from inpaint_jax.completion.page import layout

        page = layout.build(methods, folder)
        try:
            _, address, _ = page.launch(
                server_name=HOST,
                server_port=port,
                inbrowser=browser,
                share=False,
                quiet=True,
                ssr_mode=False,
                prevent_thread_lock=True,
                max_file_size=LARGEST,
                allowed_paths=[name],
                footer_links=[],
                theme=layout.theme(),
                css=layout.CSS,
            )
        except OSError as error:
            raise InputError(
                f"--port={port} is in use ({error}): give another port, or none"
            ) from error
        print(f"the page is at {address} and ends with Ctrl-C", flush=True)
        while not stop:
            time.sleep(0.2)
        page.close(verbose=False)
