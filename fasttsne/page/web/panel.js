// The legend: classes that are shown, hidden or singled out, or the scale of values.

const MOST_LISTED = 500;
class Legend {
  /** `onChange` is called when `hidden` (a flag for each code) or `pointedAt` (a code) change. */
  constructor(data, onChange) {
    Object.assign(this, { data, onChange, pointedAt: null });
    this.hidden = new Uint8Array(data.colors.length + 1);
    this.buttons = new Map();
    const legend = element("legend");
    if (!data.classes && !data.range) return;
    legend.hidden = false;
    legend.open = !matchMedia("(max-width: 640px)").matches;
    element("legend-title").textContent = data.range ? "Scale" : `${data.classes.length} classes`;
    if (data.range) this.showScale();
    else this.listClasses();
    element("all").addEventListener("click", () => this.set(() => 0));
  }

  showScale() {
    element("scale").hidden = false;
    element("bar").style.background = `linear-gradient(to right, ${this.data.colors})`;
    element("low").textContent = number(this.data.range[0]);
    element("high").textContent = number(this.data.range[1]);
  }

  listClasses() {
    const { data } = this;
    const names = [...data.classes];
    if (data.counts[data.unlabelled]) names.push("unlabelled");
    names.slice(0, MOST_LISTED).forEach((name, code) => {
      const button = make("button", "class");
      button.type = "button";
      button.title = `Hide or show ${name}`;
      button.append(
        make("span", "swatch"),
        make("span", "name", name),
        make("span", "count", data.counts[code].toLocaleString("en")),
      );
      button.addEventListener("click", () =>
        this.set((other) => (other === code ? !this.hidden[code] : this.hidden[other])),
      );
      const only = make("button", "only", "only");
      only.type = "button";
      only.setAttribute("aria-label", `Show only ${name}`);
      only.addEventListener("click", () => this.set((other) => other !== code));
      const item = document.createElement("li");
      item.append(button, only);
      item.addEventListener("pointerenter", () => this.point(code));
      item.addEventListener("pointerleave", () => this.point(null));
      element("classes").append(item);
      button.setAttribute("aria-pressed", "true");
      this.buttons.set(code, button);
    });
    if (names.length > MOST_LISTED) {
      const more = `and ${counted(names.length - MOST_LISTED, "more", "more")}: search for them`;
      element("classes").append(make("li", "more", more));
    }
  }

  set(isHidden) {
    this.hidden = this.hidden.map((_, code) => (isHidden(code) ? 1 : 0));
    for (const [code, button] of this.buttons) {
      button.setAttribute("aria-pressed", String(!this.hidden[code]));
    }
    element("all").hidden = !this.hidden.some(Boolean);
    this.onChange();
  }

  point(code) {
    this.pointedAt = code !== null && !this.hidden[code] ? code : null;
    this.onChange();
  }

  paint(css) {
    for (const [code, button] of this.buttons) {
      button.querySelector(".swatch").style.background = css[code];
    }
  }
}
