#pragma once

namespace zs::bench {

/// The page's own colours and type; the charts bring theirs (chart_style()).
inline constexpr const char* kPageStyle = R"(:root{color-scheme:light dark;
 --paper:#fdfdfc;--text:#1d2430;--muted:#5b6472;--rule:#dfe3e8;--quote:#f3f4f1;
 --good:#1e7145;--bad:#b3401c;--link:#1f5fae}
@media (prefers-color-scheme:dark){:root{--paper:#14171c;--text:#e4e7ec;--muted:#9ba4b1;
 --rule:#2c323b;--quote:#1b2027;--good:#63c08c;--bad:#f0935a;--link:#7db2f0}}
*{box-sizing:border-box}
body{margin:0 auto;padding:3rem 1.25rem 5rem;max-width:72rem;background:var(--paper);
 color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .4rem;letter-spacing:-.01em}
h2{font-size:1.25rem;line-height:1.3;margin:3.5rem 0 .6rem;padding-top:1.2rem;
 border-top:1px solid var(--rule)}
p{max-width:44rem;margin:.5rem 0}
a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:2px}
code{font:.88em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.meta,.note,figcaption{color:var(--muted);font-size:.9rem}
nav{margin:1.4rem 0 0;font-size:.92rem}
nav a{margin-right:1.1rem;white-space:nowrap}
blockquote{max-width:44rem;margin:1rem 0;padding:.7rem 1rem;background:var(--quote);
 border-left:3px solid var(--rule);font-size:.95rem}
blockquote b{display:block;font-size:.8rem;font-weight:600;color:var(--muted)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));
 gap:1.5rem 2rem;margin:1.4rem 0}
figure{margin:0;max-width:44rem}
figure svg{display:block;width:100%;height:auto}
figcaption{font-size:.8rem;text-align:right}
.scroll{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);padding-bottom:.4rem;white-space:nowrap}
th,td{padding:.28rem .9rem .28rem 0;text-align:right;white-space:nowrap;
 border-bottom:1px solid var(--rule)}
th{font-weight:600;vertical-align:bottom}
th.left,td.left{text-align:left}
td.what{white-space:normal;min-width:14rem}
.met{color:var(--good);font-weight:600}
.missed{color:var(--bad);font-weight:600}
.unknown{color:var(--muted)}
summary{cursor:pointer;color:var(--muted);font-size:.9rem}
@media print{body{max-width:none;padding:0}h2{break-after:avoid}figure{break-inside:avoid}}
)";

}  // namespace zs::bench
