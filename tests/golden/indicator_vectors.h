#pragma once

// Published example values, with their origin.
namespace breadthflow::golden {

// RSI(14) of Wilder on 20 closes: the worked example that most textbooks and libraries share (four decimals).
struct RsiVector {
  double closes[20];
  double wilder_from_row_14[6];
};
inline constexpr RsiVector kRsi14 = {{44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.10, 45.42, 45.84, 46.08,
                                      45.89, 46.03, 45.61, 46.28, 46.28, 46.00, 46.03, 46.41, 46.22, 45.64},
                                     {70.4641, 66.2496, 66.4809, 69.3469, 66.2947, 57.9150}};

}  // namespace breadthflow::golden
