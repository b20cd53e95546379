// The part of the map that is in view, and the gestures and keys that change it.

/** The view: its centre (x, y) in units of the map, and its scale k in CSS pixels per unit. */
class View {
  constructor(onChange) {
    Object.assign(this, { x: 0, y: 0, k: 1, width: 1, height: 1, dpr: 1, isHome: true });
    this.home = { x: 0, y: 0, k: 1 };
    this.onChange = onChange;
  }

  toScreen(x, y) {
    return [this.width / 2 + (x - this.x) * this.k, this.height / 2 - (y - this.y) * this.k];
  }

  toMap(sx, sy) {
    return [this.x + (sx - this.width / 2) / this.k, this.y - (sy - this.height / 2) / this.k];
  }

  /** Left, bottom, right and top of the view in units of the map, with a margin in pixels. */
  box(margin = 0) {
    const [left, top] = this.toMap(-margin, -margin);
    const [right, bottom] = this.toMap(this.width + margin, this.height + margin);
    return [left, bottom, right, top];
  }

  limitScale(k) {
    return Math.max(0.4 * this.home.k, Math.min(5000 * this.home.k, k));
  }

  set(x, y, k) {
    this.k = this.limitScale(k);
    const limit = 1 + Math.max(this.width, this.height) / 4 / this.k; // keeps the map in view
    this.x = Math.max(-limit, Math.min(limit, x));
    this.y = Math.max(-limit, Math.min(limit, y));
    this.isHome = false;
    this.onChange();
  }

  /** Move the map by (dx, dy) pixels on the screen. */
  pan(dx, dy) {
    this.stop();
    this.set(this.x - dx / this.k, this.y + dy / this.k, this.k);
  }

  /** Zoom so that the point of the map at (sx, sy) on the screen stays there. */
  zoom(factor, sx = this.width / 2, sy = this.height / 2) {
    this.stop();
    const [x, y] = this.toMap(sx, sy);
    const k = this.limitScale(this.k * factor);
    this.set(x - (sx - this.width / 2) / k, y + (sy - this.height / 2) / k, k);
  }

  /**
   * Adapt to the size of the window.
   *
   * extent: half the width and half the height of the map.
   * areas: areas of the window, as [left, top, right, bottom], that the whole map can be shown in.
   * The one that shows it largest is chosen.
   */
  resize(width, height, dpr, extent, areas) {
    Object.assign(this, { width, height, dpr });
    this.home = areas
      .map(([left, top, right, bottom]) => {
        const k = Math.max(
          20,
          Math.min((right - left) / 2 / extent[0], (bottom - top) / 2 / extent[1]),
        );
        return {
          x: (width - left - right) / 2 / k,
          y: (top + bottom - height) / 2 / k,
          k,
        };
      })
      .reduce((best, home) => (home.k > best.k ? home : best));
    if (this.isHome) Object.assign(this, this.home);
    this.onChange();
  }

  goHome() {
    this.flyTo(this.home, () => {
      this.isHome = true;
    });
  }

  /**
   * Move to another view within half a second.
   *
   * The scale changes by a constant factor per (eased) time. One point of the map has the same
   * position on the screen in both views; the centre moves so that it stays there.
   */
  flyTo(to, onEnd = () => {}) {
    this.stop();
    const from = { x: this.x, y: this.y, k: this.k };
    const ratio = to.k / from.k;
    const started = performance.now();
    const duration = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 500;
    const step = (now) => {
      const t = duration ? Math.min(1, Math.max(0, (now - started) / duration)) : 1;
      const eased = t * t * (3 - 2 * t);
      const k = from.k * ratio ** eased;
      const share = Math.abs(ratio - 1) < 1e-3 ? eased : (1 - from.k / k) / (1 - 1 / ratio);
      this.set(from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share, k);
      this.flight = t < 1 ? requestAnimationFrame(step) : null;
      if (t === 1) onEnd();
    };
    step(started);
  }

  stop() {
    if (this.flight) cancelAnimationFrame(this.flight);
    this.flight = null;
  }
}

const KEYS = {
  ArrowLeft: (view) => view.pan(80, 0),
  ArrowRight: (view) => view.pan(-80, 0),
  ArrowUp: (view) => view.pan(0, 80),
  ArrowDown: (view) => view.pan(0, -80),
  "+": (view) => view.zoom(1.5),
  "=": (view) => view.zoom(1.5),
  "-": (view) => view.zoom(1 / 1.5),
  0: (view) => view.goHome(),
  Home: (view) => view.goHome(),
};

/**
 * Listen to wheel, drag, pinch, double-click and keys.
 *
 * `onHover` and `onClick` are called with a position on the screen, `onEnter` without one.
 */
function listen(stage, view, { onHover, onLeave, onClick, onEnter }) {
  const pointers = new Map();
  let moved = 0;

  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const pixels = event.deltaY * [1, 16, 100][event.deltaMode];
      // Browsers report a pinch on a touch pad as a wheel event with Ctrl and much smaller steps.
      const steps = Math.max(-400, Math.min(400, pixels * (event.ctrlKey ? 6 : 1)));
      view.zoom(Math.exp(-0.0018 * steps), event.clientX, event.clientY);
    },
    { passive: false },
  );

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    if (pointers.size === 0) moved = 0;
    pointers.set(event.pointerId, event);
  });

  stage.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) {
      onHover(event.clientX, event.clientY);
      return;
    }
    const dx = event.clientX - before.clientX;
    const dy = event.clientY - before.clientY;
    moved += Math.hypot(dx, dy);
    const [other] = [...pointers.values()].filter((p) => p.pointerId !== event.pointerId);
    pointers.set(event.pointerId, event);
    if (moved < 4) return; // not yet a drag: it may become a click
    stage.classList.add("dragging");
    if (!other) {
      view.pan(dx, dy);
      return;
    }
    const distance = (p) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
    const middle = [(event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2];
    view.pan(dx / 2, dy / 2);
    view.zoom(distance(event) / Math.max(1, distance(before)), ...middle);
  });

  const release = (event) => {
    if (!pointers.delete(event.pointerId) || pointers.size) return;
    stage.classList.remove("dragging");
    if (event.type === "pointerup" && moved < 4) onClick(event.clientX, event.clientY);
  };
  stage.addEventListener("pointerup", release);
  stage.addEventListener("pointercancel", release);
  stage.addEventListener("pointerleave", onLeave);
  stage.addEventListener("dblclick", () => view.goHome());

  stage.addEventListener("keydown", (event) => {
    const act = event.key === "Enter" ? onEnter : KEYS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !act) return;
    event.preventDefault();
    act(view);
  });
}
