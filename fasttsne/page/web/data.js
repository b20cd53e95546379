// The data in the page, as blocks of JSON and base64, and a spatial index of the points.

const readBlock = (id) => element(id).textContent;

function readBytes(id) {
  const text = readBlock(id);
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const decoded = new Uint8Array(binary.length);
  for (let i = 0; i < decoded.length; i++) decoded[i] = binary.charCodeAt(i);
  return decoded;
}

function readArray(id) {
  const type = {
    uint8: Uint8Array,
    uint16: Uint16Array,
    uint32: Uint32Array,
    float32: Float32Array,
  }[element(id).dataset.type];
  return new type(readBytes(id).buffer);
}

/**
 * Read everything that is drawn. A row is the index of a point.
 *
 * positions: x and y of each row, within -1 to 1; y points upwards.
 * codes: index into `colors` of each row; `unlabelled`, the number of colours, if it has no label.
 * counts: number of rows of each code.
 * classes: name of each code, or null.
 * values, range: number of each row on the colour scale and the ends of the scale, or null.
 * legendTitle: title of the legend or name of the colour scale, or null.
 * names: text of each row, or null.
 * details: columns that the card shows, each with a `name` and the `values` of all rows.
 * images: thumbnails, with `columns` per sheet and the `sizes` of all rows, or null.
 */
function readData() {
  const data = JSON.parse(readBlock("meta"));
  data.positions = readArray("positions");
  data.n = data.positions.length / 2;
  data.codes = readArray("codes");
  data.values = data.range && readArray("values");
  data.names = data.named ? JSON.parse(readBlock("names")) : null;
  data.details = data.detailed ? JSON.parse(readBlock("details")) : [];
  if (data.images) data.images.sizes = readArray("sizes");
  data.unlabelled = data.colors.length;
  data.counts = new Uint32Array(data.colors.length + 1);
  for (const code of data.codes) data.counts[code]++;
  data.labelOf = (row) => {
    const code = data.codes[row];
    if (code === data.unlabelled) return "unlabelled";
    if (data.range) {
      const value = formatNumber(data.values[row]);
      return data.legendTitle ? `${data.legendTitle}: ${value}` : value;
    }
    return data.classes ? data.classes[code] : "";
  };
  /** Names and texts of the details that a row has. */
  data.detailsOf = (row) =>
    data.details
      .map(({ name, values }) => [name, values[row]])
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, typeof value === "number" ? formatNumber(value) : value]);
  return data;
}

/**
 * A uniform grid of `side` by `side` cells, about two points per cell, to find rows by position.
 *
 * `rows` lists the rows cell by cell. Those of cell c are `rows[first[c]]` to
 * `rows[first[c + 1] - 1]`, where c = side * (index along y) + (index along x).
 */
class Grid {
  constructor(positions) {
    const n = positions.length / 2;
    this.positions = positions;
    this.side = Math.max(1, Math.min(1024, Math.ceil(Math.sqrt(n / 2))));
    this.first = new Uint32Array(this.side * this.side + 1);
    this.rows = new Uint32Array(n);
    const cell = new Uint32Array(n);
    // Counting sort by cell.
    for (let i = 0; i < n; i++) {
      cell[i] = this.index(positions[2 * i + 1]) * this.side + this.index(positions[2 * i]);
      this.first[cell[i] + 1]++;
    }
    for (let c = 0; c < this.side * this.side; c++) this.first[c + 1] += this.first[c];
    const next = this.first.slice();
    for (let i = 0; i < n; i++) this.rows[next[cell[i]]++] = i;
  }

  /** Index of the cell along one axis, 0 to side - 1. */
  index(coordinate) {
    const i = Math.floor(((coordinate + 1) / 2) * this.side);
    return Math.max(0, Math.min(this.side - 1, i));
  }

  /** Half-open ranges [first, end) of `this.rows`, one per grid row, that cover a box. */
  *ranges(left, bottom, right, top) {
    if (right < -1 || left > 1 || top < -1 || bottom > 1) return;
    const from = this.index(left);
    const to = this.index(right);
    for (let j = this.index(bottom); j <= this.index(top); j++) {
      yield [this.first[j * this.side + from], this.first[j * this.side + to + 1]];
    }
  }

  /** The row nearest to (x, y) within `radius` for which `accepts(row)` holds, or -1. */
  nearest(x, y, radius, accepts) {
    let best = -1;
    let least = radius * radius;
    for (const [first, end] of this.ranges(x - radius, y - radius, x + radius, y + radius)) {
      for (let i = first; i < end; i++) {
        const row = this.rows[i];
        const dx = this.positions[2 * row] - x;
        const dy = this.positions[2 * row + 1] - y;
        const distance = dx * dx + dy * dy;
        if (distance <= least && accepts(row)) {
          least = distance;
          best = row;
        }
      }
    }
    return best;
  }

  /**
   * Rows in a box in ascending order.
   *
   * If the cells that meet the box hold more than `limit` rows, only rows below `limit` are
   * returned.
   */
  within(left, bottom, right, top, limit) {
    const isInside = (row) => {
      const x = this.positions[2 * row];
      const y = this.positions[2 * row + 1];
      return x >= left && x <= right && y >= bottom && y <= top;
    };
    const ranges = [...this.ranges(left, bottom, right, top)];
    const total = ranges.reduce((sum, [first, end]) => sum + end - first, 0);
    let rows = Uint32Array.from({ length: Math.min(limit, this.rows.length) }, (_, i) => i);
    if (total <= limit) {
      rows = new Uint32Array(total);
      let offset = 0;
      for (const [first, end] of ranges) {
        rows.set(this.rows.subarray(first, end), offset);
        offset += end - first;
      }
      rows.sort();
    }
    return rows.filter(isInside);
  }
}
