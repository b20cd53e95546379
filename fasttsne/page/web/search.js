// The search: finds points and classes by a part of their name, and row 12 by `#12`. Enter moves
// the view from one match to the next.

class Search {
  /**
   * onFound(matches, rows, classes): called after a search. `matches` has a flag for each row that
   * is found, or whose class is, and is null if nothing is searched for; `rows` and `classes` are
   * the rows and the codes that are found.
   * onVisit(target): called to show a match, `{ row }` or `{ code }`.
   */
  constructor(data, onFound, onVisit) {
    Object.assign(this, { data, onFound, onVisit, targets: [], at: -1 });
    const kinds = [data.names && "names", data.classes && "classes", "#row"].filter(Boolean);
    element("query").placeholder = `Search ${kinds.join(", ")}`;
    element("query").addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.find(), 60);
    });
    element("query").addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.clear();
      if (event.key === "Enter") {
        // Not left to the form: it submits nothing while its button is disabled, which it is until
        // the search has run.
        event.preventDefault();
        this.visit(event.shiftKey ? -1 : 1);
      }
    });
    element("search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.visit(1);
    });
    element("previous").addEventListener("click", () => this.visit(-1));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      element("query").focus();
    });
  }

  clear() {
    element("query").value = "";
    this.find();
  }

  find() {
    clearTimeout(this.timer);
    this.query = element("query").value;
    const { data } = this;
    const wanted = this.query.trim().toLowerCase();
    const classes = wanted ? this.findContaining(data.classes, wanted) : [];
    const rows = wanted ? this.findRows(wanted) : [];
    this.targets = [...classes.map((code) => ({ code })), ...rows.map((row) => ({ row }))];
    this.at = -1;
    let matches = null;
    if (wanted) {
      const matched = new Set(classes);
      matches = Uint8Array.from(data.codes, (code) => matched.has(code));
      for (const row of rows) matches[row] = 1;
    }
    const parts = [];
    if (classes.length) parts.push(formatCount(classes.length, "class", "classes"));
    if (rows.length) parts.push(formatCount(rows.length, "point"));
    const found = parts.length ? `${parts.join(", ")} – Enter goes there` : "No match";
    element("found").textContent = wanted ? found : "";
    element("previous").disabled = element("next").disabled = !this.targets.length;
    this.onFound(matches, rows, classes);
  }

  findRows(wanted) {
    const row = /^#\d+$/.test(wanted) ? Number(wanted.slice(1)) : -1;
    if (row >= 0) return row < this.data.n ? [row] : [];
    return this.findContaining(this.data.names, wanted);
  }

  /** Indices of texts that contain `wanted`: equal ones, those that start with it, the others. */
  findContaining(texts, wanted) {
    const [equal, starting, containing] = [[], [], []];
    texts?.forEach((text, i) => {
      const position = text.toLowerCase().indexOf(wanted);
      if (position > 0) containing.push(i);
      else if (position === 0) (text.length > wanted.length ? starting : equal).push(i);
    });
    return [...equal, ...starting, ...containing];
  }

  visit(step) {
    if (element("query").value !== this.query) this.find();
    const count = this.targets.length;
    if (!count) return;
    this.at = this.at < 0 && step < 0 ? count - 1 : (this.at + step + count) % count;
    const [at, all] = [this.at + 1, count].map((number) => number.toLocaleString("en"));
    element("found").textContent = `${at} of ${all}`;
    this.onVisit(this.targets[this.at]);
  }
}
