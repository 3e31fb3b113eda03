"""Configs that older versions wrote, in the current layout."""

RENAMED = {"picture_every": "image_every"}  # keys of a stage


def modernised(plain: dict) -> dict:
    """Convert a plain config of an older version to the current layout.

    Until 0.1, ``slots`` was part of ``search`` (for the projection of a stage, of
    ``projection.search``). So a system without a search had a section ``search`` with only this
    key. A stage's ``image_every`` was ``picture_every``.
    """

    def lifted(section: dict) -> dict:
        if "slots" not in section.get("search", {}):
            return section
        search = {key: value for key, value in section["search"].items() if key != "slots"}
        rest = {key: value for key, value in section.items() if key != "search"}
        return {
            **rest,
            **({"search": search} if search else {}),
            "slots": section["search"]["slots"],
        }

    def renamed(stage: dict) -> dict:
        stage = {RENAMED.get(key, key): value for key, value in stage.items()}
        if "projection" not in stage:
            return stage
        return {**stage, "projection": lifted(stage["projection"])}

    stages = {name: renamed(stage) for name, stage in plain.get("stages", {}).items()}
    return {**lifted(plain), "stages": stages}
