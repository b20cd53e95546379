// The points, drawn by WebglPoints or, if the browser has no WebGL 2, by CanvasPoints. Both have
// setColors(rgba): the colours of all rows, 4 bytes each;
// setRows(rows, faint): the rows to draw, in this order, the first `faint` of them faintly;
// draw(view, style): draw a frame, with the style that pointStyle() returns.

const VERTEX = `#version 300 es
layout(location = 0) in vec2 position;
layout(location = 1) in vec4 color;
uniform vec2 center, scale;
uniform float diameter, opacity;
out vec4 tint;
void main() {
  gl_Position = vec4((position - center) * scale, 0.0, 1.0);
  gl_PointSize = diameter + 1.0;  // half a pixel on each side for the antialiased edge
  tint = vec4(color.rgb * opacity, opacity);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec4 tint;
uniform float diameter;
out vec4 pixel;
void main() {
  float r = length(gl_PointCoord - 0.5) * (diameter + 1.0);
  pixel = tint * clamp(0.5 * diameter - r + 0.5, 0.0, 1.0);
}`;

class WebglPoints {
  /** Return a WebglPoints for a canvas, or null if there is no WebGL 2. */
  static create(canvas, positions, onRestored) {
    const gl = canvas.getContext("webgl2", { antialias: false });
    return gl && new WebglPoints(gl, canvas, positions, onRestored);
  }

  constructor(gl, canvas, positions, onRestored) {
    this.gl = gl;
    this.positions = positions;
    this.rows = new Uint32Array(0);
    this.faint = 0;
    this.colors = new Uint8Array(positions.length * 2);
    this.initialize();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.initialize();
      onRestored();
    });
  }

  /** Compile the shaders and fill the buffers: at first, and after the WebGL context was lost. */
  initialize() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, source] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getProgramInfoLog(program));
    }
    gl.useProgram(program);
    const names = ["center", "scale", "diameter", "opacity"];
    this.uniforms = Object.fromEntries(
      names.map((name) => [name, gl.getUniformLocation(program, name)]),
    );
    const bindAttribute = (location, size, type, isNormalized) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
      gl.enableVertexAttribArray(location);
      gl.vertexAttribPointer(location, size, type, isNormalized, 0, 0);
    };
    bindAttribute(0, 2, gl.FLOAT, false);
    gl.bufferData(gl.ARRAY_BUFFER, this.positions, gl.STATIC_DRAW);
    bindAttribute(1, 4, gl.UNSIGNED_BYTE, true); // stays bound, because setColors fills it
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA); // for colours with premultiplied alpha
    this.setColors(this.colors);
    this.setRows(this.rows, this.faint);
  }

  setColors(rgba) {
    this.colors = rgba;
    this.gl.bufferData(this.gl.ARRAY_BUFFER, rgba, this.gl.STATIC_DRAW);
  }

  setRows(rows, faint) {
    this.rows = rows;
    this.faint = faint;
    this.gl.bufferData(this.gl.ELEMENT_ARRAY_BUFFER, rows, this.gl.DYNAMIC_DRAW);
  }

  draw(view, style) {
    const { gl, uniforms, faint } = this;
    gl.viewport(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2f(uniforms.center, view.x, view.y);
    gl.uniform2f(uniforms.scale, (2 * view.k) / view.width, (2 * view.k) / view.height);
    gl.uniform1f(uniforms.diameter, style.diameter * view.dpr);
    const drawRange = (first, end, opacity) => {
      if (end === first) return;
      gl.uniform1f(uniforms.opacity, opacity);
      gl.drawElements(gl.POINTS, end - first, gl.UNSIGNED_INT, 4 * first);
    };
    drawRange(0, faint, style.faintOpacity);
    drawRange(faint, this.rows.length, style.opacity);
  }
}

class CanvasPoints {
  constructor(canvas, positions) {
    this.context = canvas.getContext("2d");
    this.positions = positions;
  }

  setColors(rgba) {
    this.colors = new Uint32Array(rgba.buffer); // red in the lowest byte, alpha in the highest
  }

  setRows(rows, faint) {
    this.rows = rows;
    this.faint = faint;
  }

  draw(view, style) {
    this.context.clearRect(0, 0, view.width * view.dpr, view.height * view.dpr);
    if (style.diameter < 4) this.drawSquares(view, style);
    else this.drawDiscs(view, style);
  }

  /** Call `put(x, y, row, isFaint)` for each row in view; x and y are in pixels of the canvas. */
  forEachInView(view, put) {
    const { positions, rows, faint } = this;
    const k = view.k * view.dpr;
    const { width, height } = this.context.canvas;
    for (let i = 0; i < rows.length; i++) {
      const x = width / 2 + (positions[2 * rows[i]] - view.x) * k;
      const y = height / 2 - (positions[2 * rows[i] + 1] - view.y) * k;
      if (x > -20 && y > -20 && x < width + 20 && y < height + 20) put(x, y, rows[i], i < faint);
    }
  }

  /** Draw small points as squares. Setting their pixels is much faster than fillRect for each. */
  drawSquares(view, style) {
    const { context } = this;
    const { width, height } = context.canvas;
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const side = Math.max(1, Math.round(style.diameter * view.dpr));
    const toAlpha = (opacity) => Math.round(255 * opacity) << 24;
    const [alpha, faintAlpha] = [toAlpha(style.opacity), toAlpha(style.faintOpacity)];
    this.forEachInView(view, (x, y, row, isFaint) => {
      const left = Math.round(x - side / 2);
      const top = Math.round(y - side / 2);
      if (left < 0 || top < 0 || left + side > width || top + side > height) return;
      const pixel = (this.colors[row] & 0xffffff) | (isFaint ? faintAlpha : alpha);
      for (let j = top; j < top + side; j++) {
        pixels.fill(pixel, j * width + left, j * width + left + side);
      }
    });
    context.putImageData(image, 0, 0);
  }

  drawDiscs(view, style) {
    const { context } = this;
    const radius = (style.diameter / 2) * view.dpr;
    let last = null;
    this.forEachInView(view, (x, y, row, isFaint) => {
      const color = this.colors[row];
      context.globalAlpha = isFaint ? style.faintOpacity : style.opacity;
      // Setting a fill style is slow, and neighbouring points often have the same one.
      if (color !== last) {
        const rgb = [color & 255, (color >> 8) & 255, (color >> 16) & 255];
        context.fillStyle = `rgb(${rgb})`;
      }
      last = color;
      context.beginPath();
      context.arc(x, y, radius, 0, 7);
      context.fill();
    });
  }
}

/**
 * Diameter (in CSS pixels) and opacities of the points.
 *
 * In the whole map both decrease with n; they increase when the view is zoomed in.
 */
function pointStyle(n, view) {
  const zoom = Math.max(1, view.k / view.home.k);
  const spacing = (0.59 * 2 * view.home.k) / Math.sqrt(n);
  const homeDiameter = Math.max(1.3, Math.min(7, spacing));
  const diameter = Math.min(homeDiameter * zoom ** 0.45, Math.max(homeDiameter, 11));
  const homeOpacity = Math.max(0.4, Math.min(0.85, 1.15 - 0.1 * Math.log10(n)));
  const opacity = 0.9 - (0.9 - homeOpacity) / zoom ** 0.5;
  return { diameter, opacity, faintOpacity: 0.13 * opacity };
}
