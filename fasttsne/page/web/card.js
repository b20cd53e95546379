// The card: name, label and thumbnail of the point under the pointer. A click on a point pins its
// card, which then stays.

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
   * names: what is written on the map, as { left, top, width, height, row }; panels: boxes of the
   * panels, in the same form. Above all, the card covers neither its point nor the name of it.
   */
  place(view, names, panels) {
    if (this.row < 0) return;
    const [x, y] = view.toScreen(...this.data.positions.subarray(2 * this.row, 2 * this.row + 2));
    const { offsetWidth: width, offsetHeight: height } = this.root;
    const [gap, line] = [16, 18]; // a name takes a line above its point
    const maxLeft = view.width - width - 8;
    const maxTop = view.height - height - 8;
    const spot = (left, top) => ({
      left: Math.round(clamp(left, 8, Math.max(8, maxLeft))),
      top: Math.round(clamp(top, 8, Math.max(8, maxTop))),
      width,
      height,
    });
    const tops = [y - height / 2, y - gap, y + gap - height];
    const lefts = [x - width / 2, x - gap, x + gap - width];
    const spots = [
      ...tops.map((top) => spot(x + gap, top)),
      ...tops.map((top) => spot(x - gap - width, top)),
      ...lefts.map((left) => spot(left, y + gap)),
      ...lefts.map((left) => spot(left, y - gap - height)),
      ...lefts.map((left) => spot(left, y - gap - line - height)),
    ];
    const point = { left: x - 8, top: y - 8, width: 16, height: 16 };
    const own = [point, ...names.filter(({ row }) => row === this.row)];
    const covered = (spot, boxes) => boxes.reduce((sum, box) => sum + sharedArea(spot, box), 0);
    const cost = (spot) => 1e4 * covered(spot, own) + covered(spot, names) + covered(spot, panels);
    const costs = spots.map(cost);
    const { left, top } = spots[costs.indexOf(Math.min(...costs))];
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
