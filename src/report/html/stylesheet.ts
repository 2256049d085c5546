/** The style of a report: light and dark, wide and narrow, and on paper. */
export const STYLESHEET = `
:root{color-scheme:light dark;--ink:#222;--soft:#55555c;--paper:#fff;--raised:#f4f4f5;--line:#c9c9d0;--focus:#0072b2;
--good:#00634a;--warning:#7a4b00;--bad:#a12600}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e4e4e7;--soft:#b4b4bd;--paper:#18181b;--raised:#27272a;--line:#52525b;
--focus:#56b4e9;--good:#4fd1a5;--warning:#f0b94d;--bad:#ff9e73}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
header,main,footer{max-width:72rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 1rem;overflow-wrap:anywhere}
h2{font-size:1.25rem;line-height:1.3;margin:2.25rem 0 .75rem;overflow-wrap:anywhere}
p{max-width:48rem;margin:.5rem 0;overflow-wrap:anywhere}
.verdict{max-width:none;border:2px solid;border-left-width:.6rem;border-radius:.4rem;padding:.75rem 1rem;font-size:1.1rem;background:var(--raised)}
.verdict strong,.verdict{border-color:currentColor}
.verdict span{color:var(--ink)}
.good{color:var(--good)}.warning{color:var(--warning)}.bad{color:var(--bad)}.comparison{color:var(--focus)}
.details{display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.2rem 1.25rem;margin:1rem 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:.75rem 0}
.scroll:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding-bottom:.4rem;max-width:calc(100vw - 2rem)}
section caption{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
th,td{padding:.35rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{background:var(--raised)}
tbody th{font-weight:600}
.number{text-align:right;white-space:nowrap}
.first{border-left:2px solid var(--line)}
small,.note,figcaption,footer{color:var(--soft);font-size:.9rem}
small{font-weight:400}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem;margin:1rem 0;align-items:start}
figure{margin:0}
figure img{display:block;max-width:100%;height:auto;border:1px solid var(--line);border-radius:.3rem}
footer{margin-top:2.5rem;padding-bottom:2rem}
@media print{:root{color-scheme:light}body{font-size:10pt}.scroll{overflow:visible}h2{break-after:avoid}figure,tr,.verdict{break-inside:avoid}thead{display:table-header-group}}
`;
