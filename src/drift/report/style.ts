/** The report's style sheet: light and dark, from 360 pixels on, without anything to load. */

export const STYLE = `
:root{--bg:#fbfbfa;--card:#fff;--ink:#1d2430;--soft:#5d6675;--line:#dfe2e7;--ref:#c3cad6;--cur:#c2410c;--moved:#b42318;--stable:#1a6e3c;--none:#5d6675}
@media(prefers-color-scheme:dark){:root{--bg:#14171c;--card:#1c2128;--ink:#e6e9ee;--soft:#a0a9b8;--line:#323a46;--ref:#566174;--cur:#fb923c;--moved:#ff8a7a;--stable:#6fce93;--none:#a0a9b8}}
*{box-sizing:border-box}body{margin:0 auto;max-width:76rem;padding:1rem;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header,section,footer{max-width:60rem}h1{font-size:1.25rem;line-height:1.35;margin:.3rem 0 .6rem}h2{font-size:1rem;margin:0 0 .3rem}p{margin:.3rem 0}
.v{display:inline-block;font-size:.75rem;font-weight:600;padding:0 .5rem;border:1px solid;border-radius:1rem;vertical-align:.1em;white-space:nowrap;margin:0}
.v.moved{color:var(--moved)}.v.stable{color:var(--stable)}.v.not_judged{color:var(--none)}
i{display:inline-block;width:.8rem;height:.8rem;margin-right:.4rem;border-radius:2px}i.r{background:var(--ref)}i.c{background:var(--cur)}
main{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:.8rem;margin:1rem 0}
article{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.8rem;min-width:0}article.moved{border-color:var(--moved)}
article p{font-size:.85rem;color:var(--soft)}figure{margin:.5rem 0}svg{display:block;width:100%;height:auto}
svg text{font:9px system-ui,sans-serif;fill:var(--soft)}svg .r{fill:var(--ref)}svg .c{fill:var(--cur)}svg .a{stroke:var(--line)}
table{border-collapse:collapse;font-size:.82rem;width:100%;margin:.4rem 0}th,td{padding:.15rem .4rem;border-bottom:1px solid var(--line);text-align:right;font-variant-numeric:tabular-nums}
th:first-child,th[scope=row]{text-align:left;font-weight:500}tr:first-child th{color:var(--soft);font-weight:500}summary{cursor:pointer;font-size:.82rem;color:var(--soft)}
.w{overflow-x:auto;overflow-wrap:normal}tr.moved td:nth-child(2){color:var(--moved);font-weight:600}tr.stable td:nth-child(2){color:var(--stable)}a{color:inherit}
footer{color:var(--soft);font-size:.82rem;margin:1rem 0}`;
