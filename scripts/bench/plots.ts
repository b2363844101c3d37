/**
 * The figures of a benchmark as pictures (SVG): bars by case and contestant, a whisker from the least to the most of
 * its rounds. Draws without a browser.
 */
import { type CustomSeriesRenderItem, type EChartsOption, init } from 'echarts';
import { environmentText } from '../measuring/environment.js';
import { SUITE, suiteOf } from './contestants/traits.js';
import { CONTESTANTS, type Contestant } from './protocol.js';
import type { Report } from './report.js';
import type { Spread } from './spread.js';

const WIDTH = 1100;
const HEIGHT = 520;
/** As the bars of a case stand; the whiskers go by it too. */
const BAR_LAYOUT = { barGap: '15%', barCategoryGap: '25%' };
const WHISKER_HALF_PX = 3;

/** Told apart also without seeing all colours (after Okabe and Ito), and the same in every picture. */
const COLORS: Readonly<Record<Contestant, string>> = {
  plain: '#999999',
  native: '#0072b2',
  dgram: '#56b4e9',
  raw: '#000000',
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
  const bars = new Map(handshakes?.contestants.map(({ contestant, perSecond }) => [contestant, perSecond]));
  return {
    title: 'Full handshakes a second (more is better)',
    unit: 'handshakes/s',
    groups: [{ name: 'pre-shared key', bars }],
    notes: [],
  };
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
  const below = [
    `Medians of ${report.rounds} rounds of ${report.roundMs} ms, whiskers from least to most; ${SUITE}`,
    ...suiteNotes(contestants),
    ...notes,
  ].join('; ');
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  try {
    chart.setOption({
      ...frame(title, unit, `${environmentText(report)}\n${below}`),
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

function frame(title: string, unit: string, subtext: string): EChartsOption {
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
      subtextStyle: { color: '#57606a', fontSize: 11, lineHeight: 15 },
    },
    legend: { left: 16, top: 80, textStyle: { color: INK }, itemGap: 16, selectedMode: false },
    grid: { left: 90, right: 24, top: 140, bottom: 50 },
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
    const line = (x1: number, y1: number, x2: number, y2: number) => ({
      type: 'line' as const,
      shape: { x1, y1, x2, y2 },
      style: { stroke: INK, lineWidth: 1 },
    });
    return {
      type: 'group',
      children: [
        line(x, least, x, most),
        line(x - WHISKER_HALF_PX, least, x + WHISKER_HALF_PX, least),
        line(x - WHISKER_HALF_PX, most, x + WHISKER_HALF_PX, most),
      ],
    };
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
