// The card: name, label and thumbnail of the point under the pointer. A click on a point pins its
// card, which then stays.

/** The box around several boxes. */
function around(boxes) {
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(...boxes.map((box) => box.top));
  return {
    left,
    top,
    width: Math.max(...boxes.map((box) => box.left + box.width)) - left,
    height: Math.max(...boxes.map((box) => box.top + box.height)) - top,
  };
}

/** Area that two boxes share. */
function sharedArea(one, other) {
  const overlap = (start, size) =>
    Math.min(one[start] + one[size], other[start] + other[size]) -
    Math.max(one[start], other[start]);
  return Math.max(0, overlap("left", "width")) * Math.max(0, overlap("top", "height"));
}

class Card {
  constructor(data, thumbnails) {
    Object.assign(this, { data, thumbnails, row: -1, isPinned: false });
    this.root = element("card");
  }

  /** Show the card of a row, or hide it if the row is -1. */
  show(row, isPinned, color) {
    const { data } = this;
    this.row = row;
    this.isPinned = isPinned;
    this.root.hidden = row < 0;
    this.root.classList.toggle("pinned", isPinned);
    if (row < 0) return;
    const label = data.labelOf(row);
    element("name").textContent = data.names?.[row] ?? "";
    element("name").hidden = !data.names?.[row];
    element("label").hidden = !label;
    element("label-text").textContent = label;
    element("chip").style.background = color;
    const details = data.detailsOf(row);
    element("columns").hidden = !details.length;
    element("columns").replaceChildren(
      ...details.flatMap(([name, value]) => [
        makeElement("dt", "", name),
        makeElement("dd", "", value),
      ]),
    );
    element("row").textContent = `#${row}`;
    this.drawThumbnail();
  }

  /** Draw the thumbnail if it is decoded. Called again when a sheet has been decoded. */
  drawThumbnail() {
    const canvas = element("picture");
    canvas.hidden = this.row < 0 || !this.thumbnails?.find(this.row);
    if (canvas.hidden) return;
    const { width, height } = this.thumbnails.find(this.row);
    const side = Math.min(160, Math.max(96, Math.max(width, height)));
    const scale = side / Math.max(width, height);
    canvas.style.width = `${width * scale}px`;
    canvas.style.height = `${height * scale}px`;
    canvas.width = width * scale * devicePixelRatio;
    canvas.height = height * scale * devicePixelRatio;
    this.thumbnails.draw(
      canvas.getContext("2d"),
      this.row,
      canvas.width / 2,
      canvas.height / 2,
      Math.max(canvas.width, canvas.height),
    );
  }

  /**
   * Place the card beside the point, where it covers least.
   *
   * drawn: boxes of the names and thumbnails on the map, as { left, top, width, height, row }.
   * panels: boxes of the panels, in the same form.
   * Above all, the card covers neither its point nor the name and the thumbnail of it.
   */
  place(view, drawn, panels) {
    if (this.row < 0) return;
    const [x, y] = view.toScreen(...this.data.positions.subarray(2 * this.row, 2 * this.row + 2));
    const { offsetWidth: width, offsetHeight: height } = this.root;
    const point = { left: x - 8, top: y - 8, width: 16, height: 16 };
    const own = [point, ...drawn.filter(({ row }) => row === this.row)];
    const spots = [point, around(own)].flatMap((box) => {
      const [right, bottom] = [box.left + box.width, box.top + box.height];
      const tops = [y - height / 2, box.top, bottom - height];
      const lefts = [x - width / 2, box.left, right - width];
      return [
        ...tops.map((top) => [right + 8, top]),
        ...tops.map((top) => [box.left - 8 - width, top]),
        ...lefts.map((left) => [left, bottom + 8]),
        ...lefts.map((left) => [left, box.top - 8 - height]),
      ];
    });
    const inside = spots.map(([left, top]) => ({
      left: Math.round(clamp(left, 8, Math.max(8, view.width - width - 8))),
      top: Math.round(clamp(top, 8, Math.max(8, view.height - height - 8))),
      width,
      height,
    }));
    const covered = (spot, boxes) => boxes.reduce((sum, box) => sum + sharedArea(spot, box), 0);
    const costs = inside.map(
      (spot) => 1e4 * covered(spot, own) + covered(spot, drawn) + covered(spot, panels),
    );
    const { left, top } = inside[costs.indexOf(Math.min(...costs))];
    this.root.style.transform = `translate(${left}px, ${top}px)`;
    const isOutside = x < 0 || y < 0 || x > view.width || y > view.height;
    this.root.style.visibility = isOutside ? "hidden" : "visible";
  }

  /** The content of the card as text, for screen readers. */
  text() {
    const { data, row } = this;
    const details = data.detailsOf(row).map(([name, value]) => `${name} ${value}`);
    return [data.names?.[row], data.labelOf(row), ...details, `row ${row}`]
      .filter(Boolean)
      .join(", ");
  }
}
