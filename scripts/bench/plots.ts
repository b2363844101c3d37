/**
 * The figures of a benchmark as pictures (SVG): bars by case and contestant, a whisker from the least to the most of
 * its rounds. Draws without a browser.
 */
import { type CustomSeriesRenderItem, type EChartsOption, init, setPlatformAPI } from 'echarts';
import { environmentText } from '../measuring/environment.js';
import { SUITE, suiteOf } from './contestants/traits.js';
import { CONTESTANTS, type Contestant, HANDSHAKE_KINDS } from './protocol.js';
import type { Report } from './report.js';
import type { Spread } from './spread.js';

const WIDTH = 1100;
const BARS_PX = 340;
const LINE_PX = 15;
/** Of a character, in units of the font's size: as wide as those of wide fonts. */
const CHARACTER = 0.6;
const LEGEND_PX = 85;
/** As the bars of a case stand; the whiskers go by it too. */
const BAR_LAYOUT = { barGap: '15%', barCategoryGap: '25%' };
const WHISKER_HALF_PX = 3;

/** Told apart also without seeing all colours (after Okabe and Ito), and the same in every picture. */
const COLORS: Readonly<Record<Contestant, string>> = {
  plain: '#afb8c1',
  native: '#0072b2',
  dgram: '#56b4e9',
  raw: '#57606a',
  tls: '#e69f00',
  gnutls: '#cc79a7',
  mbedtls: '#d55e00',
  werift: '#009e73',
};
const INK = '#24292f';
const LINES = '#d0d7de';
/** Opaque: to be read on a dark page as well. */
const PAPER = '#ffffff';

interface Group {
  readonly name: string;
  readonly bars: ReadonlyMap<Contestant, Spread>;
}

interface Picture {
  readonly title: string;
  readonly unit: string;
  readonly groups: readonly Group[];
  readonly notes: readonly string[];
}

// Without a browser nobody measures text, and a legend must know how wide its names are.
setPlatformAPI({
  measureText: (text: string, font?: string) => ({
    width: text.length * CHARACTER * Number(/(\d+)px/.exec(font ?? '')?.[1] ?? 12),
  }),
});

/** File name to SVG. What was not measured has no picture. */
export function plots(report: Report): ReadonlyMap<string, string> {
  const pictures: readonly (readonly [string, Picture])[] = [
    ['echoes.svg', echoPicture(report, 'Echoes a second (more is better)', 'messages/s', 'perSecond')],
    [
      'server-cpu.svg',
      echoPicture(report, 'CPU time of the server for a message (less is better)', 'µs', 'serverCpuUs'),
    ],
    ['handshakes.svg', handshakePicture(report)],
  ];
  const drawn = pictures.filter(([, { groups }]) => groups.some(({ bars }) => bars.size > 0));
  return new Map(drawn.map(([name, picture]) => [name, draw(picture, report)]));
}

function echoPicture(
  { echo }: Report,
  title: string,
  unit: string,
  figure: 'perSecond' | 'serverCpuUs',
): Picture {
  const groups = echo.map(({ peers, window, bytes, contestants }) => ({
    name: `${peers} × ${window}\n${bytes} B`,
    bars: new Map(contestants.map((figures) => [figures.contestant, figures[figure]])),
  }));
  const missing = echo.flatMap(({ impossible }) =>
    impossible.map(
      ({ contestant, reason }) => `no bar: ${CONTESTANTS[contestant]}, not possible (${reason})`,
    ),
  );
  return {
    title: `${title}, by peers × messages in flight for each`,
    unit,
    groups,
    notes: [...new Set(missing)],
  };
}

function handshakePicture({ handshakes }: Report): Picture {
  const groups = handshakes.map(({ kind, contestants }) => ({
    // In two lines under its bars.
    name: HANDSHAKE_KINDS[kind].replace(', ', '\n'),
    bars: new Map(contestants.map(({ contestant, perSecond }) => [contestant, perSecond])),
  }));
  return { title: 'Handshakes a second (more is better)', unit: 'handshakes/s', groups, notes: [] };
}

/** What differs from the suite that nearly all speak. */
function suiteNotes(contestants: readonly Contestant[]): string[] {
  return contestants.flatMap((contestant) => {
    const suite = suiteOf(contestant);
    if (suite === undefined || suite === SUITE) return [];
    return [`${CONTESTANTS[contestant]}: ${suite}`];
  });
}

function draw({ title, unit, groups, notes }: Picture, report: Report): string {
  const names = Object.keys(CONTESTANTS) as Contestant[];
  const contestants = names.filter((name) => groups.some(({ bars }) => bars.has(name)));
  const lines = [
    environmentText(report),
    `Medians of ${report.rounds} rounds of ${report.roundMs} ms, whiskers from least to most; ${SUITE}`,
    ...suiteNotes(contestants),
    ...notes,
  ];
  const top = 50 + lines.length * LINE_PX;
  const height = top + LEGEND_PX + BARS_PX + 60;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption({
      ...frame(title, unit, lines.join('\n'), top),
      xAxis: {
        type: 'category',
        data: groups.map(({ name }) => name),
        axisLabel: { color: INK, interval: 0, lineHeight: 15 },
        axisLine: { lineStyle: { color: INK } },
        axisTick: { show: false },
      },
      series: contestants.flatMap((contestant, index) => [
        bars(contestant, groups),
        whiskers(contestant, groups, index, contestants.length),
      ]),
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** `top`: where the legend begins. */
function frame(title: string, unit: string, subtext: string, top: number): EChartsOption {
  return {
    animation: false,
    backgroundColor: PAPER,
    textStyle: { fontFamily: 'system-ui, sans-serif', color: INK },
    title: {
      text: title,
      subtext,
      left: 16,
      top: 10,
      textStyle: { color: INK, fontSize: 17 },
      subtextStyle: { color: '#57606a', fontSize: 11, lineHeight: LINE_PX },
    },
    legend: { left: 12, top, textStyle: { color: INK }, selectedMode: false },
    grid: { left: 90, right: 24, top: top + LEGEND_PX, bottom: 60 },
    yAxis: {
      type: 'value',
      name: unit,
      nameTextStyle: { color: INK, align: 'right' },
      axisLabel: { color: INK, formatter: (value: number) => value.toLocaleString('en') },
      splitLine: { lineStyle: { color: LINES } },
    },
  };
}

function bars(contestant: Contestant, groups: readonly Group[]) {
  return {
    type: 'bar' as const,
    name: CONTESTANTS[contestant],
    itemStyle: { color: COLORS[contestant] },
    data: groups.map((group) => group.bars.get(contestant)?.median ?? null),
    ...BAR_LAYOUT,
  };
}

function whiskers(contestant: Contestant, groups: readonly Group[], index: number, count: number) {
  const renderItem: CustomSeriesRenderItem = (_params, api) => {
    const center = api.barLayout?.({ ...BAR_LAYOUT, count })?.[index]?.offsetCenter ?? 0;
    const [left = 0, least = 0] = api.coord([api.value(0), api.value(1)]);
    const [, most = 0] = api.coord([api.value(0), api.value(2)]);
    const x = left + center;
    const path =
      `M${x} ${least}V${most}` +
      [least, most].map((y) => `M${x - WHISKER_HALF_PX} ${y}h${2 * WHISKER_HALF_PX}`).join('');
    const stroke = (color: string, lineWidth: number) => ({
      type: 'path' as const,
      shape: { pathData: path },
      style: { fill: 'none', stroke: color, lineWidth },
    });
    // Under the line a wider one of paper: it is seen on any bar.
    return { type: 'group', children: [stroke(PAPER, 3), stroke(INK, 1)] };
  };
  return {
    type: 'custom' as const,
    renderItem,
    z: 3,
    encode: { x: 0, y: [1, 2] },
    data: groups.flatMap(({ bars: of }, group) => {
      const spread = of.get(contestant);
      return spread === undefined ? [] : [[group, spread.least, spread.most]];
    }),
  };
}
