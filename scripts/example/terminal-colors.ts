/**
 * The four colours of Qt's DTLS examples as 24-bit terminal sequences, and whether to use any. Knows the environment
 * variables; knows nothing of what is printed.
 */

export type Level = 'error' | 'warning' | 'info' | 'response';

type Rgb = readonly [red: number, green: number, blue: number];

/** The environment variables that matter here. */
export interface ColorEnvironment {
  readonly FORCE_COLOR?: string | undefined;
  readonly NO_COLOR?: string | undefined;
  readonly TERM?: string | undefined;
  readonly COLORFGBG?: string | undefined;
}

const CRIMSON: Rgb = [220, 20, 60];
const DARK_ORANGE: Rgb = [255, 140, 0];
const DARK_BLUE: Rgb = [0, 0, 139];
const DARK_MAGENTA: Rgb = [139, 0, 139];

/**
 * DarkBlue cannot be read on a dark terminal. This is its hue, raised until its contrast is at least 4.5:1 (WCAG 2.1,
 * 1.4.3) against black and against white alike, because most terminals do not tell which one they show.
 */
export const READABLE_BLUE: Rgb = [96, 96, 255];

/** What surrounds one line of a level; two empty strings without colours. */
export type Paint = (level: Level, line: string) => string;

/** How lines are to be painted on this stream in this environment. */
export function chooseColors(stream: { readonly isTTY?: boolean }, environment: ColorEnvironment): Paint {
  if (!wantsColors(stream, environment)) return (_level, line) => line;
  const colors: Readonly<Record<Level, Rgb>> = {
    error: CRIMSON,
    warning: DARK_ORANGE,
    info: backgroundIsLight(environment) ? DARK_BLUE : READABLE_BLUE,
    response: DARK_MAGENTA,
  };
  return (level, line) => `\x1b[38;2;${colors[level].join(';')}m${line}\x1b[39m`;
}

/** FORCE_COLOR decides as it does in Node.js, then NO_COLOR (https://no-color.org), then whether it is a terminal. */
function wantsColors(stream: { readonly isTTY?: boolean }, environment: ColorEnvironment): boolean {
  const forced = environment.FORCE_COLOR;
  if (forced !== undefined) return ['', '1', '2', '3', 'true'].includes(forced);
  if (environment.NO_COLOR) return false;
  return stream.isTTY === true && environment.TERM !== 'dumb';
}

/** COLORFGBG is `foreground;background` (or `foreground;default;background`) in the 16 ANSI colours. */
function backgroundIsLight(environment: ColorEnvironment): boolean {
  const background = environment.COLORFGBG?.split(';').at(-1);
  return background === '7' || /^(9|1[0-5])$/.test(background ?? '');
}
