// The search: rows whose name, and classes whose name, holds what is typed; Enter goes from one to
// the next. `#12` finds row 12.

class Search {
  /** `onFound(matches, rows)`: flags of all rows or null, rows found by name; `onVisit(target)`. */
  constructor(data, onFound, onVisit) {
    Object.assign(this, { data, onFound, onVisit, targets: [], at: -1 });
    const what = [data.names && "names", data.classes && "classes", "#row"].filter(Boolean);
    element("query").placeholder = `Search ${what.join(", ")}`;
    element("query").addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.find(), 60);
    });
    element("query").addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.clear();
      if (event.key === "Enter") {
        event.preventDefault(); // submits nothing while the button is still disabled
        this.visit(event.shiftKey ? -1 : 1);
      }
    });
    element("search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.visit(1);
    });
    element("previous").addEventListener("click", () => this.visit(-1));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.target === element("query")) return;
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
    const classes = wanted ? this.containing(data.classes, wanted) : [];
    const rows = wanted ? this.rows(wanted) : [];
    this.targets = [...classes.map((code) => ({ code })), ...rows.map((row) => ({ row }))];
    this.at = -1;
    let matches = null;
    if (wanted) {
      const matched = new Set(classes);
      matches = Uint8Array.from(data.codes, (code) => matched.has(code));
      for (const row of rows) matches[row] = 1;
    }
    const parts = [];
    if (classes.length) parts.push(counted(classes.length, "class", "classes"));
    if (rows.length || !classes.length) parts.push(counted(rows.length, "point"));
    element("found").textContent = wanted ? `${parts.join(", ")} – Enter goes there` : "";
    element("previous").disabled = element("next").disabled = !this.targets.length;
    this.onFound(matches, rows);
  }

  rows(wanted) {
    const row = /^#\d+$/.test(wanted) ? Number(wanted.slice(1)) : -1;
    if (row >= 0) return row < this.data.n ? [row] : [];
    return this.containing(this.data.names, wanted);
  }

  /** Places of the texts that hold `wanted`; first those equal to it, then those it begins. */
  containing(texts, wanted) {
    const ranks = [[], [], []];
    texts?.forEach((text, i) => {
      const place = text.toLowerCase().indexOf(wanted);
      if (place >= 0) ranks[place > 0 ? 2 : text.length > wanted.length ? 1 : 0].push(i);
    });
    return ranks.flat();
  }

  visit(step) {
    if (element("query").value !== this.query) this.find();
    const count = this.targets.length;
    if (!count) return;
    this.at = this.at < 0 && step < 0 ? count - 1 : (this.at + step + count) % count;
    const [at, all] = [this.at + 1, count].map((x) => x.toLocaleString("en"));
    element("found").textContent = `${at} of ${all}`;
    this.onVisit(this.targets[this.at]);
  }
}
