#include <memory>
#include <utility>
#include <vector>

#include "services/training/domain/models/xgboost_trainer.h"

namespace breadthflow::training {

// Random forest (Breiman 2001) as one Newton step of the logistic loss, averaged over trees that each see a share of
// the rows and, at every split, a share of the features. Rows are drawn without replacement; 0.632 is the share of
// distinct rows in a bootstrap sample.
ModelEntry RandomForest() {
  std::vector<component::ParamSpec> params = {
      component::IntParam("trees", 200, 1, 5000, "trees", "grown side by side"),
      component::IntParam("max_depth", 6, 1, 16, "levels", "of each tree"),
      component::DoubleParam("row_share", 0.632, 0.05, 1.0, "fraction", "of the rows that each tree sees"),
      component::DoubleParam("column_share", 0.4, 0.05, 1.0, "fraction", "of the features that each split sees"),
      component::DoubleParam("min_child_weight", 5.0, 0.0, 1e6, "rows / 4", "least rows in a leaf, divided by four"),
      component::DoubleParam("l2", 1.0, 0.0, 1e6, "", "penalty on the squares of the leaves"),
  };
  for (component::ParamSpec& common : CommonParams()) params.push_back(std::move(common));
  return {{.kind = "model",
           .name = "random_forest",
           .description = "random forest for the chance of an upward move (XGBoost)"},
          std::move(params),
          [](const component::Params& p) {
            return MakeTreeTrainer(p, /*additive=*/false,
                                   {{"subsample", "row_share"},
                                    {"colsample_bynode", "column_share"},
                                    {"min_child_weight", "min_child_weight"},
                                    {"reg_lambda", "l2"}});
          }};
}

}  // namespace breadthflow::training
