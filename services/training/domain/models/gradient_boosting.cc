#include <memory>
#include <utility>
#include <vector>

#include "services/training/domain/models/xgboost_trainer.h"

namespace breadthflow::training {

// Gradient boosted trees (Friedman 2001; Chen and Guestrin 2016) for the logistic loss: each tree is fitted to the
// gradients that the trees before it left.
ModelEntry GradientBoosting() {
  std::vector<component::ParamSpec> params = {
      component::IntParam("trees", 100, 1, 5000, "trees", "rounds of boosting"),
      component::IntParam("max_depth", 3, 1, 16, "levels", "of each tree"),
      component::DoubleParam("learning_rate", 0.05, 1e-4, 1.0, "fraction", "of each tree's step that is taken"),
      component::DoubleParam("row_share", 0.8, 0.05, 1.0, "fraction", "of the rows that each tree sees"),
      component::DoubleParam("column_share", 0.8, 0.05, 1.0, "fraction", "of the features that each tree sees"),
      component::DoubleParam("min_child_weight", 5.0, 0.0, 1e6, "rows / 4 or less",
                             "least sum of second derivatives in a leaf; a row counts at most 1/4"),
      component::DoubleParam("l2", 1.0, 0.0, 1e6, "", "penalty on the squares of the leaves"),
      component::DoubleParam("min_gain", 0.0, 0.0, 1e6, "", "least gain of a split"),
  };
  for (component::ParamSpec& common : CommonParams()) params.push_back(std::move(common));
  return {{.kind = "model",
           .name = "gradient_boosting",
           .description = "gradient boosted trees for the chance of an upward move (XGBoost)"},
          std::move(params),
          [](const component::Params& p) {
            return MakeTreeTrainer(p, /*additive=*/true,
                                   {{"learning_rate", "learning_rate"},
                                    {"subsample", "row_share"},
                                    {"colsample_bytree", "column_share"},
                                    {"min_child_weight", "min_child_weight"},
                                    {"reg_lambda", "l2"},
                                    {"gamma", "min_gain"}});
          }};
}

}  // namespace breadthflow::training
