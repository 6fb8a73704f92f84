"""The page's words in Japanese and in English."""

from __future__ import annotations

from collections.abc import Mapping

from workshop.language import Language, in_language, language_of

__all__ = ["WORDS", "Language", "Words", "language_of", "words_in"]

Words = Mapping[str, str]


def words_in(language: Language) -> Words:
    return in_language(WORDS, language)


WORDS = {
    "title": ("chiTra ハンズオンのレポート", "chiTra workshop report"),
    "run": ("実行", "run"),
    "accuracy": ("正解率", "accuracy"),
    "macro_f1": ("マクロ平均 F1", "macro-F1"),
    "yardstick": ("TF-IDF + 線形 SVM", "TF-IDF + linear SVM"),
    "unknown": ("不明", "unknown"),
    "test_articles": ("テスト記事", "test articles"),
    "warning": ("注意", "Warning"),
    "stand_in": (
        "このモデルは代用モデルです。代用モデルの正解率から chiTra-1.0 の性能は推測できません。",
        "The model is a stand-in: its accuracy says nothing about chiTra-1.0.",
    ),
    "settings": ("設定", "Settings"),
    "hyperparameters": ("ハイパーパラメーター", "Hyperparameters"),
    "kernels": ("計算方法", "computed with"),
    "model": ("モデル", "model"),
    "model_size": (
        "{layers} 層、隠れ層 {hidden} 次元、語彙 {vocabulary:,}、パラメーター {parameters:,}",
        "{layers} layers of {hidden} dimensions, {vocabulary:,} word pieces, {parameters:,} parameters",
    ),
    "served": ("推論の方式", "served as"),
    "not_served": ("採用しなかった方式", "not served"),
    "student": ("蒸留モデル", "distilled"),
    "way_accuracy": ("検証データの正解率 {accuracy:.4f}", "validation accuracy {accuracy:.4f}"),
    "way_time": ("{length} トークンで {ms:,.1f} ミリ秒", "{ms:,.1f} ms at {length} ids"),
    "dataset": ("データセットのキー", "dataset key"),
    "tokenisation": ("トークン化", "tokenisation"),
    "max_length": ("トークン数の上限", "most tokens per article"),
    "image": ("イメージ", "image"),
    "instance": ("インスタンス", "instance"),
    "data": ("データ", "Data"),
    "data_missing": (
        "データセットが手元にないため、記事数と長さは表示できません。",
        "The dataset is not on disk, so there are no numbers of articles and lengths.",
    ),
    "category": ("カテゴリー", "category"),
    "train": ("学習", "train"),
    "validation": ("検証", "validation"),
    "test": ("テスト", "test"),
    "all": ("合計", "all"),
    "median_length": ("文字数の中央値", "median characters"),
    "duplicates": (
        "同じ本文の記事が {count:,} 件あり、同じ側に分けてあります。",
        "{count:,} articles repeat another one; duplicates are always in the same split.",
    ),
    "lengths": (
        "文字数: 中央値 {median:,.0f}、95 % の記事は {high:,.0f} 以下、最長 {most:,}。",
        "Characters: half of the articles have up to {median:,.0f}, 95 % up to {high:,.0f}, the longest {most:,}.",
    ),
    "characters": ("文字数", "characters"),
    "articles": ("記事数", "articles"),
    "length_bin": (
        "{low:.0f}–{high:.0f} 文字: {articles:,} 記事",
        "{low:.0f}–{high:.0f} characters: {articles:,} articles",
    ),
    "curve": ("学習曲線", "Learning curve"),
    "curve_help": (
        "検証データの正解率が最初に最も高くなったエポック {epoch:g} のモデルを採用しました({accuracy:.4f})。"
        "学習の損失だけが下がり続けるなら過学習です。",
        "The model of epoch {epoch:g} was kept, the first with the best validation accuracy ({accuracy:.4f}). "
        "Where only the training loss goes on falling, the model learns by heart.",
    ),
    "epoch": ("エポック", "epoch"),
    "epochs": ("エポック数", "epochs"),
    "loss": ("損失", "loss"),
    "kept": ("採用", "kept"),
    "confusion": ("混同行列", "Confusion matrix"),
    "confusion_help": (
        "行が正解、列が予測です。数は記事数、色の濃さはその行に占める割合です。",
        "Rows are what articles are, columns what they were taken for. Numbers are articles, shades shares of the row.",
    ),
    "matrix_too_large": (
        "カテゴリーが {count} あるため表は省き、多い間違いだけを挙げます。",
        "There are {count} categories: the matrix is left out, its most frequent mistakes are below.",
    ),
    "matrix_corner": ("正解 \\ 予測", "is \\ taken for"),
    "most_confused": ("多い間違い", "Most frequent mistakes"),
    "no_mistake": ("間違いはありませんでした。", "There was no mistake."),
    "is": ("正解", "is"),
    "taken_for": ("予測", "taken for"),
    "share": ("割合", "share"),
    "per_category": ("カテゴリー別の成績", "Per category"),
    "per_category_help": (
        "適合率は、そう予測した記事のうち正しかった割合です。再現率は、そのカテゴリーの記事のうち見つけた割合です。"
        "F1 は両者の調和平均です。",
        "Precision: of what was taken for the category, how much is right. Recall: of the category's articles, how "
        "many were found. F1 is their harmonic mean.",
    ),
    "precision": ("適合率", "precision"),
    "recall": ("再現率", "recall"),
    "calibration": ("スコアの信頼度", "Calibration"),
    "calibration_help": (
        "スコア 0.8 の予測が 8 割当たるモデルなら、点は破線に乗ります。破線より下は自信過剰です。"
        "ずれの平均(ECE)は {error:.3f} です。",
        "Where eight of ten predictions with score 0.8 are right, the points lie on the dashed line; below it the "
        "model is too sure. Scores and accuracy differ by {error:.3f} on average (ECE).",
    ),
    "few": (
        "テスト記事が {count} 件しかないため、1 件で正解率が {points:.1f} ポイント動きます。",
        "With only {count} test articles, a single one moves accuracy by {points:.1f} points.",
    ),
    "score": ("スコア", "score"),
    "bin": (
        "スコア {low:.1f}–{high:.1f}: {articles:,} 記事、平均スコア {score:.3f}、正解率 {accuracy:.3f}",
        "scores {low:.1f}–{high:.1f}: {articles:,} articles, mean score {score:.3f}, accuracy {accuracy:.3f}",
    ),
    "mistakes": ("自信があったのに外れた記事", "Most confident mistakes"),
    "mistakes_help": (
        "スコアの高い順です。正解のほうが疑わしい記事も混じります。",
        "Highest scores first. Now and then it is the label that is wrong.",
    ),
    "opening": ("本文の冒頭", "how it begins"),
    "no_opening": ("本文は手元にありません", "the text is not on disk"),
    "comparison": ("比較", "Comparison"),
    "better": (
        "比較用の {yardstick} を {articles:,} 記事分({points:.1f} ポイント)上回りました。",
        "It gets {articles:,} articles ({points:.1f} points) more right than the yardstick, {yardstick}.",
    ),
    "worse": (
        "比較用の {yardstick} を {articles:,} 記事分({points:.1f} ポイント)下回りました。",
        "It gets {articles:,} articles ({points:.1f} points) fewer right than the yardstick, {yardstick}.",
    ),
    "equal": (
        "比較用の {yardstick} と並びました。",
        "It gets as many articles right as the yardstick, {yardstick}.",
    ),
    "runs_help": (
        "同じフォルダーにエクスポートされた実行です。データセットが違う実行の正解率は、そのままでは比べられません。",
        "Runs that were exported to the same folder. Accuracies on another dataset do not compare.",
    ),
    "no_other_run": (
        "同じフォルダーに、ほかの実行のエクスポートはありません。",
        "No other run was exported to the same folder.",
    ),
    "unread": ("ファイルが壊れていて読めない実行:", "Not read, because a file is broken:"),
    "same_dataset": ("同じデータ", "same data"),
    "yes": ("はい", "yes"),
    "no": ("いいえ", "no"),
    "learning_rate": ("学習率", "learning rate"),
    "time": ("時間と料金", "Time and money"),
    "stage": ("段階", "stage"),
    "seconds": ("秒", "seconds"),
    "cost": ("料金(米ドル)", "US dollars"),
    "cost_help": (
        "料金は、時間に AWS の価格表のオンデマンド料金を掛けたものです。"
        "価格表を読めないときは、概算の単価を使います。"
        "太字の行がジョブ全体の課金対象で、その上の行は内訳です。"
        "データセットは同じコーパスなら一度しか作られないため、前処理の料金は別の実行が負担していることもあります。"
        "エンドポイントの料金は含みません。",
        "Time x AWS's on-demand price, or x a dated estimate of it where AWS did not answer. Rows in bold are whole "
        "jobs, as billed; the rows above each are parts of it. A "
        "dataset is made once per corpus, so its job may have been another run's. Endpoints are not in it.",
    ),
    "stage_preprocessing_billed": ("課金対象の前処理ジョブ全体", "preprocessing job, as billed"),
    "stage_read": ("前処理: 読み込みと分割", "preprocessing: read and split"),
    "stage_encode": ("前処理: トークン化", "preprocessing: tokenise"),
    "stage_training": ("学習", "training"),
    "stage_evaluation": ("テストでの評価", "evaluation on the test split"),
    "stage_billed": ("課金対象の学習ジョブ全体", "training job, as billed"),
    "not_recorded": ("記録がありません。", "Nothing was recorded."),
}
