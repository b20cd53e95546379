// The page: reads the data, connects the parts, and draws a frame when something has changed.

const MAX_RINGS = 300;

const data = readData();
const grid = new Grid(data.positions);
const stage = element("stage");
const canvases = [element("points"), element("overlay")];
const thumbnails =
  data.images &&
  new Thumbnails(data.images, () => {
    card.drawThumbnail();
    invalidate();
  });
const card = new Card(data, thumbnails);
const overlay = new Overlay(canvases[1], data, grid, thumbnails);
const view = new View(invalidate);
const points =
  WebglPoints.create(canvases[0], data.positions, invalidate) ??
  new CanvasPoints(canvases[0], data.positions);
const shuffled = shuffle(data.n);
let theme; // colours of the paper, the ink and the points, as CSS texts
let pending = null; // the animation frame that is requested
let matches = null; // a flag for each row that the search found; null without a search
let foundClasses = null; // the codes whose names the search found; null without a search
let panels = []; // boxes of the panels, as getBoundingClientRect() gives them
let rings = []; // rows to draw a ring around, MAX_RINGS or fewer

const legend = new Legend(data, updateRows);
const search = new Search(data, showFound, goTo);

// ---- Frames -------------------------------------------------------------------------------------

function invalidate() {
  pending ??= requestAnimationFrame(frame);
}

function frame() {
  pending = null;
  const style = pointStyle(data.n, view);
  points.draw(view, style);
  overlay.draw(view, style, theme, {
    isShown,
    isClassShown,
    isSearching: matches !== null,
    rings,
    focus: card.row,
    panels,
  });
  card.place(view, overlay.drawn, panels);
}

/** All rows in a pseudorandom order, so that no class hides another; the same order each time. */
function shuffle(n) {
  const rows = Uint32Array.from({ length: n }, (_, i) => i);
  let state = 1; // of a linear congruential generator
  for (let i = n - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [rows[i], rows[j]] = [rows[j], rows[i]];
  }
  return rows;
}

// ---- Rows and colours ---------------------------------------------------------------------------

/** Whether a row is drawn, and not faintly. */
function isShown(row) {
  const code = data.codes[row];
  if (legend.hidden[code]) return false;
  if (legend.highlighted !== null) return code === legend.highlighted;
  return !matches || matches[row] === 1;
}

/** Whether the name of a class is written: not while its points are hidden or faint. */
function isClassShown(code) {
  if (legend.hidden[code]) return false;
  if (legend.highlighted !== null) return code === legend.highlighted;
  return !foundClasses || foundClasses.has(code);
}

/** Set the rows to draw: first the faint ones, then unlabelled ones, then all others. */
function updateRows() {
  const layer = new Uint8Array(data.n); // 0 for hidden rows
  for (let row = 0; row < data.n; row++) {
    const code = data.codes[row];
    if (!legend.hidden[code]) layer[row] = isShown(row) ? (code === data.unlabelled ? 2 : 3) : 1;
  }
  const rows = new Uint32Array(data.n);
  let end = 0;
  let faint = 0;
  for (const wanted of [1, 2, 3]) {
    for (const row of shuffled) if (layer[row] === wanted) rows[end++] = row;
    if (wanted === 1) faint = end;
  }
  points.setRows(rows.subarray(0, end), faint);
  if (card.row >= 0 && legend.hidden[data.codes[card.row]]) unpin();
  invalidate();
}

/** Set the colours of the theme, which the style sheet defines. */
function updateColors() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  const lift = Number(read("--lift")); // dark colours are hard to see on dark paper
  const lighten = (channel) => Math.round(channel + (255 - channel) * lift);
  const palette = data.colors.map((hex) => hexToRgb(hex).map(lighten));
  palette.push(hexToRgb(read("--unlabelled")));
  theme = { paper: read("--paper"), ink: read("--ink"), css: palette.map((rgb) => `rgb(${rgb})`) };
  const rgba = new Uint8Array(4 * data.n).fill(255);
  for (let row = 0; row < data.n; row++) rgba.set(palette[data.codes[row]], 4 * row);
  points.setColors(rgba);
  legend.setColors(theme.css);
  invalidate();
}

// ---- Pointer and search -------------------------------------------------------------------------

/** The row at or near a position on the screen, or -1. */
function rowAt(sx, sy) {
  const [x, y] = view.toMap(sx, sy);
  const radius = Math.max(10, pointStyle(data.n, view).diameter / 2 + 3) / view.k;
  return grid.nearest(x, y, radius, (row) => !legend.hidden[data.codes[row]]);
}

function show(row, isPinned) {
  if (row === card.row && isPinned === card.isPinned) return;
  card.show(row, isPinned, theme.css[data.codes[row]]);
  clearTimeout(show.timer);
  // Announced once the pointer rests, so that a screen reader does not read every point on its way.
  show.timer = setTimeout(() => {
    element("live").textContent = row < 0 ? "" : card.text();
  }, 150);
  invalidate();
}

function unpin() {
  // The close button, which is no longer there, must not take the focus with it.
  if (element("card").contains(document.activeElement)) stage.focus();
  show(-1, false);
}

function showFound(found, rows, classes) {
  matches = found;
  foundClasses = found && new Set(classes);
  rings = rows.length <= MAX_RINGS ? rows : [];
  if (card.isPinned) unpin();
  updateRows();
}

/** Move the view to a row, or to the points of a class. */
function goTo({ row, code }) {
  if (row !== undefined) {
    if (legend.hidden[data.codes[row]]) legend.setHidden(() => 0);
    const [x, y] = data.positions.subarray(2 * row, 2 * row + 2);
    view.flyTo({ x, y, k: Math.max(view.k, 8 * view.home.k) });
    show(row, true);
    return;
  }
  const rows = shuffled.filter((other) => data.codes[other] === code);
  const middle = (axis) => {
    const sorted = Float32Array.from(rows, (other) => data.positions[2 * other + axis]).sort();
    // Quantiles instead of extremes, because a few outliers would make the view too wide.
    const quantile = (share) => sorted[Math.floor(share * (sorted.length - 1))];
    const [low, high] = [quantile(0.05), quantile(0.95)];
    return [(low + high) / 2, high - low];
  };
  const [[x, width], [y, height]] = [middle(0), middle(1)];
  const k = 0.6 * Math.min(view.width / (width + 1e-3), view.height / (height + 1e-3));
  view.flyTo({ x, y, k: Math.min(k, 40 * view.home.k) });
  element("live").textContent = `${data.classes[code]}, ${formatCount(rows.length, "point")}`;
}

listen(stage, view, {
  onHover(sx, sy) {
    const row = rowAt(sx, sy);
    stage.classList.toggle("on-point", row >= 0);
    if (!card.isPinned) show(row, false);
  },
  onLeave() {
    if (!card.isPinned) unpin();
  },
  onClick(sx, sy) {
    const row = rowAt(sx, sy);
    show(row, row >= 0);
  },
  onEnter() {
    const radius = Math.hypot(view.width, view.height) / 2 / view.k;
    const row = grid.nearest(view.x, view.y, radius, isShown);
    show(row, row >= 0);
  },
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") unpin();
});
element("close").addEventListener("click", unpin);
element("in").addEventListener("click", () => view.zoom(1.5));
element("out").addEventListener("click", () => view.zoom(1 / 1.5));
element("home").addEventListener("click", () => view.goHome());

// ---- Window -------------------------------------------------------------------------------------

function resize() {
  const [width, height] = [innerWidth, innerHeight];
  for (const canvas of canvases) {
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
  }
  const header = element("header").getBoundingClientRect();
  const isNarrow = width <= 640;
  const margin = isNarrow ? 20 : 32;
  // The whole map is shown below the header or to its right, wherever it is larger.
  const beside = Math.max(element("legend").offsetWidth, element("zoom").offsetWidth);
  const right = width - margin - (isNarrow ? 0 : beside);
  const areas = [[margin, header.bottom + margin, right, height - 44 - margin]];
  if (!isNarrow) areas.push([header.right + margin, margin, right, height - margin]);
  view.resize(width, height, devicePixelRatio, data.extent, areas);
  measurePanels();
}

function measurePanels() {
  panels = ["header", "legend", "zoom"].map((id) => element(id).getBoundingClientRect());
  invalidate();
}

stage.dataset.renderer = points instanceof WebglPoints ? "webgl" : "canvas";
element("title").textContent = data.title;
element("summary").textContent = formatCount(data.n, "point");
stage.setAttribute("aria-label", `Map of ${formatCount(data.n, "point")}`);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", updateColors);
addEventListener("resize", resize);
const sizes = new ResizeObserver(measurePanels);
for (const id of ["header", "legend", "zoom"]) sizes.observe(element(id));
resize();
updateRows();
updateColors();
