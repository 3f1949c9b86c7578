// Draws panels of a dashboard with the components that Grafana draws them with. `window.PAGE` is what picture.py wrote.
import { createTheme, FieldType, getDisplayProcessor, dateTime } from '@grafana/data';
import { BigValue, GlobalStyles, PanelChrome, PanelContextProvider, ThemeContext, TimeSeries } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import 'uplot/dist/uPlot.min.css';

const PAGE = window.PAGE;
const COLUMN = PAGE.width / 24;
const ROW = 38;
const GAP = 8;
const theme = createTheme({ colors: { mode: 'dark' } });
const timeRange = { from: dateTime(PAGE.from), to: dateTime(PAGE.to), raw: { from: PAGE.from, to: PAGE.to } };
const shaded = new WeakSet();

// A series as Grafana's own pipeline hands it to a panel: with the panel's field configuration, and that of its query.
function frameOf(panel, series, index) {
  const config = { ...panel.defaults, displayName: series.name, custom: { ...panel.defaults.custom } };
  for (const { matcher, properties } of panel.overrides) {
    for (const { id, value } of matcher.options === series.refId ? properties : []) {
      id.startsWith('custom.') ? (config.custom[id.slice(7)] = value) : (config[id] = value);
    }
  }
  const field = { name: series.name, type: FieldType.number, values: series.values, config, state: { seriesIndex: index } };
  field.display = getDisplayProcessor({ field, theme });
  const time = { name: 'time', type: FieldType.time, values: series.times, config: {} };
  return { refId: series.refId, fields: [time, field], length: series.times.length };
}

// Stretches of time, such as those of faults, behind the lines.
function shade(builder) {
  if (!shaded.has(builder)) {
    shaded.add(builder);
    builder.addHook('drawClear', (plot) => {
      for (const { from, to, colour } of PAGE.regions) {
        const left = Math.max(plot.bbox.left, plot.valToPos(from, 'x', true));
        const right = Math.min(plot.bbox.left + plot.bbox.width, plot.valToPos(to, 'x', true));
        plot.ctx.fillStyle = colour;
        plot.ctx.fillRect(left, plot.bbox.top, Math.max(0, right - left), plot.bbox.height);
      }
    });
  }
  return null;
}

function Drawn({ panel, width, height }) {
  const frames = panel.series.map((series, index) => frameOf(panel, series, index));
  if (panel.kind === 'stat') {
    return (
      <div style={{ display: 'flex', gap: 4 }}>
        {frames.map(({ fields }) => {
          const field = fields[1];
          const shown = field.display(field.values[field.values.length - 1]);
          const value = { ...shown, title: frames.length > 1 ? field.name : undefined };
          return (
            <BigValue key={field.name} value={value} theme={theme} colorMode={panel.colorMode} graphMode="none"
              textMode="auto" justifyMode="auto" width={(width - 4 * (frames.length - 1)) / frames.length} height={height} />
          );
        })}
      </div>
    );
  }
  const legend = { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] };
  return (
    <TimeSeries frames={frames} width={width} height={height} timeRange={timeRange} timeZone="utc" legend={legend}>
      {shade}
    </TimeSeries>
  );
}

function Page() {
  return (
    <div style={{ position: 'relative', width: PAGE.width, height: PAGE.rows * ROW }}>
      {PAGE.panels.map((panel) => (
        <div key={panel.title} style={{ position: 'absolute', left: panel.x * COLUMN, top: panel.y * ROW }}>
          {panel.kind === 'row' ? (
            <div style={{ font: '500 16px Inter, sans-serif', color: theme.colors.text.primary, padding: 8 }}>{panel.title}</div>
          ) : (
            <PanelChrome title={panel.title} width={panel.w * COLUMN - GAP} height={panel.h * ROW - GAP}>
              {(width, height) => <Drawn panel={panel} width={width} height={height} />}
            </PanelChrome>
          )}
        </div>
      ))}
    </div>
  );
}

const eventBus = { getStream: () => ({ pipe: () => ({ subscribe: () => ({ unsubscribe() {} }) }) }), publish() {}, subscribe() {} };
document.body.style.cssText = `padding: 12px; background: ${theme.colors.background.canvas}`;
createRoot(document.getElementById('page')).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <PanelContextProvider value={{ eventBus, eventsScope: 'page' }}>
      <Page />
    </PanelContextProvider>
  </ThemeContext.Provider>
);
