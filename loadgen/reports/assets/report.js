
(() => {
  "use strict";
  const result = JSON.parse(document.getElementById("result").textContent);
  const timeline = result.timeline && result.timeline.at_seconds.length ? fromTheStart(result.timeline) : null;
  const HEIGHTS = { rate: 200, latency: 280, errors: 150, users: 150, memory: 150, distribution: 220 };
  const GUTTER = 58; // width of every value axis, so that moments stand below each other
  const HEADROOM = 18; // above the plot: names of phases
  const EDGE = 20; // right of the plot: half of the last moment's figures
  const ERROR_TYPES = 6; // the most that get a colour of their own
  const NAMES = /^(http_req_duration|mcp_tool_call_duration_ms|iteration_duration)$/;
  const state = { latency: null }; // "linear" or "log", once somebody chose
  const drawn = new Map();

  // A moment of the timeline is the end of its interval: the first one began before it, with the same figures.
  // No rate is told of an interval much shorter than the others, as the last one may be: a few calls decide it.
  function fromTheStart(told) {
    const before = (values, first = values[0]) => [first, ...values];
    const made = {};
    for (const [name, values] of Object.entries(told)) if (Array.isArray(values)) made[name] = before(values);
    made.at_seconds[0] = told.at_seconds[0] - told.seconds[0];
    made.rated = made.seconds.map((seconds) => seconds >= told.interval_seconds / 2 || told.seconds.length === 1);
    made.errors = Object.fromEntries(Object.entries(told.errors).map(([label, values]) => [label, before(values, 0)]));
    return made;
  }

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const known = (values) => values.filter((value) => value !== null && value !== undefined);
  const whole = (value) => value.toLocaleString("en", { maximumFractionDigits: 0 });
  const short = (value) => value.toLocaleString("en", { maximumSignificantDigits: 3, useGrouping: true });
  const font = (size) => `${size}px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif`;

  function clock(seconds) {
    const s = Math.floor(seconds), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    const two = (n) => String(n).padStart(2, "0");
    return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
  }

  function bytes(value) {
    const [one, name] = value >= 1e9 ? [1e9, "GB"] : value >= 1e6 ? [1e6, "MB"] : [1e3, "kB"];
    return `${(value / one).toLocaleString("en", { maximumFractionDigits: 1 })} ${name}`;
  }

  // Shades and names of phases, behind everything. A name that has no room is left out.
  function drawPhases(plot) {
    const { ctx, bbox } = plot, ratio = uPlot.pxRatio;
    ctx.save();
    ctx.font = font(11 * ratio);
    ctx.textBaseline = "bottom";
    ctx.textAlign = "left";
    let free = -Infinity;
    (result.phases || []).forEach((phase, n) => {
      const edge = (at) => Math.min(Math.max(plot.valToPos(at, "x", true), bbox.left), bbox.left + bbox.width);
      const from = edge(phase.start_seconds), to = edge(phase.end_seconds);
      if (to - from < 1) return;
      if (n % 2 === 0) {
        ctx.fillStyle = color("band");
        ctx.fillRect(from, bbox.top, to - from, bbox.height);
      }
      const room = to - from - 4 * ratio, width = ctx.measureText(phase.name).width;
      if (from < free || width > room) return;
      ctx.fillStyle = color("muted");
      ctx.fillText(phase.name, from + 2 * ratio, bbox.top - 3 * ratio);
      free = to;
    });
    ctx.restore();
  }

  // Criteria as lines across the plot, each with its words where they do not cover those of another.
  function drawLimits(plot, limits) {
    const { ctx, bbox } = plot, ratio = uPlot.pxRatio, taken = [];
    ctx.save();
    ctx.font = font(11 * ratio);
    ctx.textBaseline = "bottom";
    ctx.textAlign = "left";
    ctx.beginPath();
    ctx.rect(bbox.left, 0, bbox.width, bbox.top + bbox.height);
    ctx.clip();
    for (const limit of limits) {
      const y = Math.round(plot.valToPos(limit.at, "y", true));
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      ctx.strokeStyle = ctx.fillStyle = color(limit.shade);
      ctx.lineWidth = ratio;
      ctx.setLineDash((limit.stretch ? [2, 3] : [6, 4]).map((n) => n * ratio));
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      const width = ctx.measureText(limit.label).width + 8 * ratio;
      const right = bbox.left + bbox.width - width, height = 15 * ratio;
      const spot = [right, bbox.left + 4 * ratio, bbox.left + bbox.width / 2 - width / 2].find(
        (x) => !taken.some((t) => Math.abs(t.y - y) < height && x < t.x + t.width && t.x < x + width));
      if (spot === undefined) continue;
      taken.push({ x: spot, y, width });
      ctx.globalAlpha = 0.8;
      ctx.fillStyle = color("bg");
      ctx.fillRect(spot, y - height, width, height - ratio);
      ctx.globalAlpha = 1;
      ctx.fillStyle = color(limit.shade);
      ctx.fillText(limit.label, spot + 4 * ratio, y - 2 * ratio);
    }
    ctx.restore();
  }

  // Latency criteria of all calls; those with one limit share a line.
  function latencyLimits() {
    const lines = new Map();
    for (const each of result.thresholds || []) {
      if (each.unit !== "ms" || !NAMES.test(each.metric) || Object.keys(each.tags).length) continue;
      const missed = each.status !== "pass" && !each.stretch;
      const line = lines.get(each.limit) || { at: each.limit, words: [], shade: "muted", stretch: true };
      line.words.push({ metric: each.metric, text: each.aggregation + (each.stretch ? " stretch" : "") });
      line.shade = missed ? "fail" : line.shade;
      line.stretch = line.stretch && each.stretch;
      line.operator = each.operator;
      lines.set(each.limit, line);
    }
    const short_name = { http_req_duration: "request", mcp_tool_call_duration_ms: "tool call", iteration_duration: "iteration" };
    return [...lines.values()].map((line) => ({
      ...line,
      label: `${line.words.map((word) => `${short_name[word.metric]} ${word.text}`).join(", ")} ${line.operator} ${short(line.at)} ms`,
    }));
  }

  function axes(format, more = {}) {
    const common = {
      stroke: color("muted"), font: font(12), grid: { stroke: color("line"), width: 1 }, ticks: { show: false },
      border: { show: false },
    };
    return [
      {
        ...common, grid: { show: false }, border: { show: true, stroke: color("line"), width: 1 }, size: 28, gap: 6, space: 70,
        incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400],
        values: (_, splits) => splits.map(clock),
      },
      { ...common, size: GUTTER, gap: 6, space: 34, values: (_, splits) => splits.map((v) => (v === null ? "" : format(v))), ...more },
    ];
  }

  function timeChart(name, { series, data, format = whole, scale = {}, axis = {}, limits = [], extra = [] }) {
    return {
      options: {
        height: HEIGHTS[name], padding: [HEADROOM, EDGE, 0, 0],
        scales: { x: { time: false, range: (_, min, max) => [min, max] }, y: { range: (_, __, max) => [0, (max || 1) * 1.08], ...scale } },
        axes: axes(format, axis),
        cursor: { y: false, sync: { key: "time" }, drag: { x: true, y: false }, points: { size: 6 } },
        legend: { live: true, markers: { fill: (u, n) => u.series[n]._stroke || u.series[n].stroke(), width: 0 } },
        hooks: { drawClear: [drawPhases], draw: limits.length ? [(plot) => drawLimits(plot, limits)] : [] },
        series: [{ label: "at", value: (_, v) => (v === null ? "" : clock(v)) }, ...series],
        ...Object.assign({}, ...extra),
      },
      data: [timeline.at_seconds, ...data],
    };
  }

  const line = (label, shade, value, more = {}) =>
    ({ label, stroke: color(shade), width: 1.5, points: { show: false }, value: (_, v) => (v === null ? "" : value(v)), ...more });

  const perSecond = (values) => values.map((value, i) => (value === null || !timeline.rated[i] ? null : value / timeline.seconds[i]));

  const charts = {
    rate() {
      const value = (v) => `${v >= 100 ? whole(v) : short(v)}/s`;
      const series = [line("calls", "blue", value, { fill: color("blue") + "1f" })], data = [perSecond(timeline.calls)];
      if (known(timeline.target_rate).length) {
        series.push(line("target", "muted", value, { dash: [5, 4] }));
        data.push(timeline.target_rate);
      }
      if (known(timeline.dropped).some((n) => n > 0)) {
        series.push(line("dropped", "orange", value));
        data.push(perSecond(timeline.dropped));
      }
      return timeChart("rate", { series, data, format: short });
    },

    latency() {
      const ms = (v) => `${short(v)} ms`, limits = latencyLimits(), shown = ["p50", "p95", "p99"];
      const values = shown.flatMap((name) => known(timeline[name])).filter((v) => v > 0);
      const top = Math.max(...values, ...limits.map((limit) => limit.at)), low = Math.min(...values);
      const typical = known(timeline.p95).sort((a, b) => a - b)[Math.floor(known(timeline.p95).length / 2)] || top;
      const log = (state.latency || (top > 8 * typical ? "log" : "linear")) === "log" && values.length > 0;
      const positive = (series) => (log ? series.map((v) => (v > 0 ? v : null)) : series);
      const ladder = [];
      for (let e = -4; e < 8; e++) for (const n of [1, 2, 5]) ladder.push(n * 10 ** e);
      const chart = timeChart("latency", {
        series: [
          line("p50", "teal", ms), line("p95", "blue", ms, { width: 2 }), line("p99", "purple", ms),
          line("max", "grey", ms, { show: false, width: 1 }),
        ],
        data: [...shown, "max"].map((name) => positive(timeline[name])), limits, format: short,
        scale: log
          ? { distr: 3, range: (_, min, max) => [Math.min(low, min || low) * 0.8, Math.max(top, max || top) * 1.3] }
          : { range: (_, __, max) => [0, Math.max(top, max || 0) * 1.08] },
        axis: log ? { splits: (_, __, min, max) => ladder.filter((v) => v >= min && v <= max), filter: (_, splits) => splits } : {},
      });
      chart.choice = { now: log ? "log" : "linear", of: ["linear", "log"] };
      return chart;
    },

    errors() {
      const total = (values) => known(values).reduce((a, b) => a + b, 0);
      const types = Object.entries(timeline.errors).filter(([, values]) => total(values) > 0).sort((a, b) => total(b[1]) - total(a[1]));
      const rest = types.splice(ERROR_TYPES);
      if (rest.length) types.push([`${rest.length} other types`, timeline.at_seconds.map((_, i) => total(rest.map(([, v]) => v[i])))]);
      // Stacked: each series is drawn as the sum of itself and those after it, the highest first, the next one over it.
      const raw = types.map(([, values]) => perSecond(values)), sums = [];
      for (let n = raw.length - 1; n >= 0; n--) sums[n] = raw[n].map((v, i) => (v || 0) + (sums[n + 1] ? sums[n + 1][i] : 0));
      const bars = uPlot.paths.bars({ size: [1, 100, 2], align: -1 });
      const series = types.map(([label], n) => ({
        label, stroke: color(`e${n + 1}`), fill: color(`e${n + 1}`), width: 0, paths: bars, points: { show: false },
        value: (_, __, ___, i) => (i === null || i === undefined ? "" : `${short(raw[n][i] || 0)}/s`),
      }));
      return timeChart("errors", { series, data: sums, format: short });
    },

    users() {
      const stepped = uPlot.paths.stepped({ align: -1 });
      const series = [line("virtual users", "blue", whole, { paths: stepped, fill: color("blue") + "1f" })], data = [timeline.vus];
      if (known(timeline.server_sessions).length) {
        series.push(line("sessions on the server", "orange", whole, { paths: stepped, dash: [4, 3] }));
        data.push(timeline.server_sessions);
      }
      return timeChart("users", { series, data });
    },

    memory() {
      const values = known(timeline.server_memory_bytes), low = Math.min(...values), high = Math.max(...values);
      const room = Math.max((high - low) * 0.1, high * 0.02);
      return timeChart("memory", {
        series: [line("resident memory", "purple", bytes)], data: [timeline.server_memory_bytes], format: bytes,
        scale: { range: () => [Math.max(0, low - room), high + room] },
      });
    },

    distribution() {
      const { upper_ms, count } = result.distribution;
      const bins = upper_ms.map((upper, i) => ({ upper, count: count[i] })).filter((bin) => bin.upper > 0);
      while (bins.length > 1 && !bins[bins.length - 1].count) bins.pop();
      const first = Math.max(bins.findIndex((bin) => bin.count), 0);
      const shown = bins.slice(first), step = bins.length > 1 ? bins[1].upper / bins[0].upper : 2;
      const below = (i) => (first + i ? bins[first + i - 1].upper : bins[0].upper / step);
      const total = count.reduce((a, b) => a + b, 0);
      const x = shown.map((bin) => Math.log10(bin.upper)), from = Math.log10(below(0)), to = x[x.length - 1];
      const ticks = [];
      for (let e = Math.floor(from); e <= to; e++) for (const n of [1, 2, 5]) ticks.push(Math.log10(n) + e);
      const [across, up] = axes((v) => `${short(v)} %`);
      const marks = [["p50", "median"], ["p95", "p95"], ["p99", "p99"]].map(([label, key]) => ({ label, at: result.response_time[key] })).filter((mark) => mark.at > 0);
      return {
        options: {
          height: HEIGHTS.distribution, padding: [HEADROOM, EDGE + 8, 0, 0],
          scales: { x: { time: false, range: () => [from, to] }, y: { range: (_, __, max) => [0, (max || 1) * 1.08] } },
          axes: [
            { ...across, incrs: undefined, splits: () => ticks.filter((v) => v >= from - 1e-9 && v <= to + 1e-9),
              values: (_, splits) => splits.map((v) => `${short(10 ** v)} ms`),
              filter: (plot, splits) => splits.map((v) => (plot.bbox.width / uPlot.pxRatio < 640 && Math.abs(v - Math.round(v)) > 1e-9 ? null : v)) },
            up,
          ],
          cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
          legend: { markers: { width: 0, fill: (u, n) => u.series[n]._stroke || u.series[n].stroke() } },
          hooks: { draw: [(plot) => drawMarks(plot, marks)] },
          series: [
            { label: "from", value: (_, v, __, i) => (i === null || i === undefined ? "" : `${short(below(i))} to ${short(shown[i].upper)} ms`) },
            { label: "share of calls", stroke: color("blue"), fill: color("blue") + "b0", width: 0, points: { show: false },
              paths: uPlot.paths.bars({ size: [1, 100, 1], gap: 1, align: -1 }),
              value: (_, v, __, i) => (i === null || i === undefined ? "" : `${short(v)} % (${whole(shown[i].count)} calls)`) },
          ],
        },
        data: [x, shown.map((bin) => (100 * bin.count) / total)],
      };
    },
  };

  function drawMarks(plot, marks) {
    const { ctx, bbox } = plot, ratio = uPlot.pxRatio;
    let free = -Infinity;
    ctx.save();
    ctx.font = font(11 * ratio);
    ctx.textBaseline = "bottom";
    ctx.textAlign = "left";
    for (const mark of marks) {
      const x = Math.round(plot.valToPos(Math.log10(mark.at), "x", true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = ctx.fillStyle = color("text");
      ctx.lineWidth = ratio;
      ctx.setLineDash([3 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const width = ctx.measureText(mark.label).width, at = Math.min(x - width / 2, bbox.left + bbox.width - width);
      if (at < free) continue;
      ctx.fillText(mark.label, at, bbox.top - 3 * ratio);
      free = at + width + 6 * ratio;
    }
    ctx.restore();
  }

  function draw(figure) {
    const name = figure.dataset.chart, box = figure.querySelector(".plot"), chart = charts[name]();
    drawn.get(name)?.destroy();
    const width = Math.max(Math.floor(box.clientWidth), 120);
    drawn.set(name, new uPlot({ ...chart.options, width }, chart.data, box));
    figure.querySelector(".choice")?.remove();
    if (chart.choice) figure.querySelector("h3").after(choice(figure, chart.choice));
  }

  function choice(figure, { now, of }) {
    const box = document.createElement("div");
    box.className = "choice";
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Scale");
    for (const each of of) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = each;
      button.setAttribute("aria-pressed", String(each === now));
      button.addEventListener("click", () => {
        state.latency = each;
        draw(figure);
      });
      box.append(button);
    }
    return box;
  }

  const figures = [...document.querySelectorAll("figure[data-chart]")];
  const drawAll = () => figures.forEach(draw);
  drawAll();

  let width = document.documentElement.clientWidth;
  addEventListener("resize", () => {
    if (document.documentElement.clientWidth === width) return;
    width = document.documentElement.clientWidth;
    requestAnimationFrame(drawAll);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.paper = "";
    const box = document.querySelector("main").style;
    box.width = "680px";
    drawAll();
    box.width = "";
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.paper;
    drawAll();
  });

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(button.parentElement.querySelector("code"));
        button.textContent = "Selected";
      }
    });
  }
})();
