import type { Raster } from './encodePng';

/** Height of a letter in dots. */
export const LETTER_HEIGHT = 7;
/** Width of a letter and the gap after it, in dots. */
export const LETTER_WIDTH = 6;

/**
 * Letters of 5 x 7 dots for the characters from space to tilde, seven rows each; a row is one digit to base 32 whose
 * five bits are the dots from left to right.
 */
const LETTERS = [
  '0000000 4444004 aaa0000 aavavaa 4fke5u4 op248j3 cik8lid c480000 2488842 8422248 04lel40 044v440 0000c48 000v000',
  '00000cc 01248g0 ehjlphe 4c4444e eh1248v v2421he 26aiv22 vgu11he 68guhhe v124888 ehhehhe ehhf12c 0cc0cc0 0cc0c48',
  '248g842 00v0v00 8421248 eh12404 eh1dlle ehhhvhh uhhuhhu ehggghe sihhhis vgguggv vgguggg ehgnhhf hhhvhhh e44444e',
  '72222ic hikokih ggggggv hrllhhh hhpljhh ehhhhhe uhhuggg ehhhlid uhhukih fgge11u v444444 hhhhhhe hhhhha4 hhhllla',
  'hha4ahh hhha444 v1248gv e88888e 0g84210 e22222e 4ah0000 000000v 8420000 00e1fhf ggmphhu 00egghe 11djhhf 00ehvge',
  '698s888 0fhhf1e ggmphhh 40c444e 20622ic ggikoki c44444e 00qllhh 00mphhh 00ehhhe 00uhugg 00djf11 00mpggg 00ege1u',
  '88s8896 00hhhjd 00hhha4 00hhlla 00ha4ah 00hhf1e 00v248v 2448442 4444444 8442448 008l200',
].flatMap((line) => line.split(' '));
/** A hollow box, for characters that have no letter. */
const UNKNOWN = 'vhhhhhv';

/** Writes text in dark grey with its top left corner at a pixel; a dot is `scale` pixels wide and high. */
export function writeText(raster: Raster, text: string, left: number, top: number, scale: number): void {
  for (const [i, character] of [...text].entries()) {
    const letter = LETTERS[character.codePointAt(0)! - 32] ?? UNKNOWN;
    for (const [row, digit] of [...letter].entries())
      for (let column = 0; column < 5; column++)
        if ((Number.parseInt(digit, 32) >> (4 - column)) & 1)
          fillSquare(raster, left + (i * LETTER_WIDTH + column) * scale, top + row * scale, scale);
  }
}

function fillSquare({ width, data }: Raster, left: number, top: number, size: number): void {
  for (let y = top; y < top + size; y++) data.fill(0x22, 3 * (y * width + left), 3 * (y * width + left + size));
}
