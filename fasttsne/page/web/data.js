// What the page holds: blocks of JSON and of base64, and an index of the points by place.

const block = (id) => element(id).textContent;

function bytes(id) {
  const text = block(id);
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const decoded = new Uint8Array(binary.length);
  for (let i = 0; i < decoded.length; i++) decoded[i] = binary.charCodeAt(i);
  return decoded;
}

function numbers(id) {
  const type = {
    uint8: Uint8Array,
    uint16: Uint16Array,
    uint32: Uint32Array,
    float32: Float32Array,
  }[element(id).dataset.type];
  return new type(bytes(id).buffer);
}

/**
 * Everything that is drawn. `positions` are x, y of each row, within -1 to 1 and upwards. `codes`
 * are places in `colors`; one past the end is unlabelled. `classes` (names of the codes),
 * `values` with `range` (a scale), `names` and `images` are null where there are none.
 */
function readData() {
  const data = JSON.parse(block("meta"));
  data.positions = numbers("positions");
  data.n = data.positions.length / 2;
  data.codes = numbers("codes");
  data.values = data.range && numbers("values");
  data.names = data.named ? JSON.parse(block("names")) : null;
  if (data.images) data.images.sizes = numbers("sizes");
  data.unlabelled = data.colors.length;
  data.counts = new Uint32Array(data.colors.length + 1);
  for (const code of data.codes) data.counts[code]++;
  data.labelOf = (row) => {
    const code = data.codes[row];
    if (code === data.unlabelled) return "unlabelled";
    if (data.range) return number(data.values[row]);
    return data.classes ? data.classes[code] : "";
  };
  return data;
}

/** Rows sorted into square cells, about two to a cell. */
class Grid {
  constructor(positions) {
    const n = positions.length / 2;
    this.positions = positions;
    this.side = Math.max(1, Math.min(1024, Math.ceil(Math.sqrt(n / 2))));
    this.first = new Uint32Array(this.side * this.side + 1);
    this.rows = new Uint32Array(n);
    const cell = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      cell[i] = this.cell(positions[2 * i + 1]) * this.side + this.cell(positions[2 * i]);
      this.first[cell[i] + 1]++;
    }
    for (let c = 0; c < this.side * this.side; c++) this.first[c + 1] += this.first[c];
    const next = this.first.slice();
    for (let i = 0; i < n; i++) this.rows[next[cell[i]]++] = i;
  }

  cell(coordinate) {
    const place = Math.floor(((coordinate + 1) / 2) * this.side);
    return Math.max(0, Math.min(this.side - 1, place));
  }

  /** Runs of `this.rows`, first and end, one for each row of cells that a box meets. */
  *runs(left, bottom, right, top) {
    if (right < -1 || left > 1 || top < -1 || bottom > 1) return;
    const from = this.cell(left);
    const to = this.cell(right);
    for (let j = this.cell(bottom); j <= this.cell(top); j++) {
      yield [this.first[j * this.side + from], this.first[j * this.side + to + 1]];
    }
  }

  /** The accepted row that is nearest to a place and no farther than `radius`, or -1. */
  nearest(x, y, radius, accepts) {
    let best = -1;
    let least = radius * radius;
    for (const [first, end] of this.runs(x - radius, y - radius, x + radius, y + radius)) {
      for (let p = first; p < end; p++) {
        const row = this.rows[p];
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

  /** Rows in a box in ascending order: all or, of more than `most`, those among the first. */
  within(left, bottom, right, top, most) {
    const inside = (row) => {
      const x = this.positions[2 * row];
      const y = this.positions[2 * row + 1];
      return x >= left && x <= right && y >= bottom && y <= top;
    };
    const runs = [...this.runs(left, bottom, right, top)];
    const held = runs.reduce((sum, [first, end]) => sum + end - first, 0);
    let rows = Uint32Array.from({ length: Math.min(most, this.rows.length) }, (_, i) => i);
    if (held <= most) {
      rows = new Uint32Array(held);
      let at = 0;
      for (const [first, end] of runs) {
        rows.set(this.rows.subarray(first, end), at);
        at += end - first;
      }
      rows.sort();
    }
    return rows.filter(inside);
  }
}
