# SPDX-License-Identifier: Apache-2.0
"""Charts of a run as figure files: python -m osteosome.omex.figures FOLDER FORMAT..., FOLDER with *.vl.json."""
import json
import pathlib
import sys

import vl_convert

WIDTH = 620  # px, where a chart takes the width of its page
PNG_SCALE = 300 / 96  # dots an inch, as journals ask for
VEGA_LITE = "6.1"


def write(spec: dict, path: pathlib.Path, kind: str) -> None:
    if kind == "svg":
        path.write_text(vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE), encoding="utf-8")
    elif kind == "png":
        path.write_bytes(vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=PNG_SCALE))
    else:
        path.write_bytes(vl_convert.vegalite_to_pdf(spec, vl_version=VEGA_LITE))


def main(folder: str, kinds: list[str]) -> None:
    for source in sorted(pathlib.Path(folder).glob("*.vl.json")):
        spec = json.loads(source.read_text(encoding="utf-8"))
        if spec.get("width") == "container":
            spec["width"] = WIDTH
            spec.pop("autosize", None)
        for kind in kinds:
            path = source.with_name(source.name.removesuffix(".vl.json") + "." + kind)
            write(spec, path, kind)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
