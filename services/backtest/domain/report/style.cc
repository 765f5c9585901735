#include "services/backtest/domain/report/style.h"

namespace breadthflow::backtest::report {

std::string_view PageStyle() {
  return R"css(
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#16202c;--soft:#5b6776;--rule:#e2e6eb;--grid:#eceff3;
--a:#1f5fd6;--b:#8a94a3;--bad:#c8372d;--good:#16855b;--mark:#fff;--shade:#f1f4f8}
@media(prefers-color-scheme:dark){:root{--bg:#0f141b;--card:#171e27;--ink:#e6ebf1;--soft:#95a2b3;--rule:#2a3440;
--grid:#222b36;--a:#6ea8ff;--b:#8c98a8;--bad:#ff7a6e;--good:#4fcf9a;--mark:#171e27;--shade:#1d2630}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
main{max-width:1120px;margin:0 auto;padding:36px 24px 64px}
header{margin-bottom:22px}
h1{font-size:28px;line-height:1.2;margin:0 0 4px;letter-spacing:-.015em}
.badge{display:inline-block;vertical-align:middle;padding:2px 10px;border:1px solid var(--bad);border-radius:999px;
color:var(--bad);font-size:13px;font-weight:600;letter-spacing:0}
h2{font-size:17px;margin:0 0 12px;letter-spacing:-.005em}
h3{font-size:15px;margin:0}
p{margin:0 0 8px}
.soft,figcaption{color:var(--soft)}
.card{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:20px 22px;margin:0 0 18px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0 0 18px}
.tile{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:14px 16px}
.tile b{display:block;font-size:23px;font-weight:650;letter-spacing:-.02em;line-height:1.25}
.tile span{font-size:13px;color:var(--soft)}
.good{color:var(--good)}.bad{color:var(--bad)}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font-size:12.5px;fill:var(--soft)}
.end{text-anchor:end}.mid{text-anchor:middle}
.grid{stroke:var(--grid);fill:none}.tick{stroke:var(--rule);fill:none}
.line{fill:none;stroke-width:1.7;stroke-linejoin:round}
.strategy{stroke:var(--a)}.hold{stroke:var(--b);stroke-width:1.4}.fall{stroke:var(--bad);stroke-width:1.2}
.invested{stroke:var(--a);stroke-width:1}.close{stroke:var(--b);stroke-width:1.3}
.fall-area{fill:var(--bad);opacity:.16}.invested-area{fill:var(--a);opacity:.14}
svg .tag{stroke:none;font-weight:600}svg .tag.strategy{fill:var(--a)}svg .tag.hold{fill:var(--b)}
svg .tag.fall{fill:var(--bad)}svg .tag.close{fill:var(--soft)}svg .tag.invested{fill:var(--a)}
.buy{fill:var(--good);stroke:var(--mark)}.sell{fill:var(--bad);stroke:var(--mark)}
figure{margin:0}figcaption{font-size:13px;margin:14px 0 2px}
figure+figure{margin-top:6px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th,td{padding:6px 10px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
th{font-weight:600;color:var(--soft);font-size:12.5px}
tr:last-child td{border-bottom:0}
th:first-child,td:first-child,.text{text-align:left}
td:first-child,th:first-child{padding-left:2px}
.wrap{white-space:normal;overflow-wrap:anywhere}
.heat td{text-align:center;padding:6px 4px;border-bottom:2px solid var(--card);border-right:2px solid var(--card)}
.heat th{text-align:center;padding:6px 4px}.heat td:first-child{font-weight:600;text-align:left}
.heat td:last-child{font-weight:650}
.metrics{columns:2;column-gap:40px}
.metric{break-inside:avoid;display:grid;grid-template-columns:1fr auto;gap:0 14px;padding:7px 0;
border-bottom:1px solid var(--rule)}
.metric b{font-weight:600}
.metric small{grid-column:1/-1;color:var(--soft);font-size:12px;line-height:1.4}
details{margin-top:8px}summary{cursor:pointer;color:var(--soft);font-size:13.5px}
.symbol{border-top:1px solid var(--rule);padding-top:16px;margin-top:18px}
.symbol:first-of-type{border-top:0;margin-top:6px}
.row{display:flex;flex-wrap:wrap;gap:4px 18px;align-items:baseline;justify-content:space-between}
code{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
ul{margin:0;padding-left:20px}
@media(max-width:720px){.metrics{columns:1}main{padding:22px 14px 44px}}
@media print{body{background:#fff}.card,.tile{break-inside:avoid}}
)css";
}

}  // namespace breadthflow::backtest::report
