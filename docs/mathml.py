"""A Sphinx extension: formulas become MathML, which browsers draw without scripts."""

from docutils.nodes import SkipNode
from latex2mathml.converter import convert

SIGNS = {
    # The norm is no bracket that grows, the bar of p_{j|i} no operator with room around it.
    "<mo>&#x02016;</mo>": '<mo stretchy="false" lspace="0" rspace="0">&#x02016;</mo>',
    '<mo stretchy="false">&#x0007C;</mo>': '<mo stretchy="false" lspace="0" rspace="0">|</mo>',
}


def _mathml(node, display):
    formula = convert(node.astext(), display=display)
    for sign, better in SIGNS.items():
        formula = formula.replace(sign, better)
    return formula


def _inline(writer, node):
    writer.body.append(_mathml(node, "inline"))
    raise SkipNode


def _block(writer, node):
    writer.body.append(f'<div class="formula">{_mathml(node, "block")}</div>\n')
    raise SkipNode


def setup(app):
    """Add the renderer that `html_math_renderer` names."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
