"""The page's words in Japanese and in English."""

from __future__ import annotations

from collections.abc import Mapping

from workshop.language import Language, in_language

Words = Mapping[str, str]


def words_in(language: Language) -> Words:
    return in_language(WORDS, language)


def preferred(accept_language: str) -> Language:
    """The first of our languages that a browser asks for, from its header Accept-Language; else English."""
    wishes = [part.strip().partition(";q=") for part in accept_language.lower().split(",")]
    for tag, _, weight in sorted(wishes, key=lambda wish: -_number(wish[2])):
        for language in Language:
            if tag.partition("-")[0] == language.value and _number(weight) > 0:
                return language
    return Language.EN


def _number(weight: str) -> float:
    try:
        return float(weight or 1)
    except ValueError:
        return 0


WORDS = {
    "title": ("chiTra 記事分類", "chiTra article classifier"),
    "other_language": ("English", "日本語"),
    "text_tab": ("文章を分類", "One article"),
    "file_tab": ("ファイルを分類", "A file of articles"),
    "report_tab": ("レポート", "Report"),
    "article": ("記事の本文", "Article"),
    "article_hint": (
        "日本語の記事を入力するか、貼り付けてください。",
        "Type or paste an article in Japanese.",
    ),
    "classify": ("分類する", "Classify"),
    "clear": ("消去", "Clear"),
    "examples": ("例文から選ぶ", "Or pick an example"),
    "nothing_yet": (
        "ここに、すべてのカテゴリーとそのスコアが表示されます。",
        "All categories and their scores will be shown here.",
    ),
    "best": ("いちばん近いカテゴリー", "Most likely category"),
    "all_scores": ("すべてのカテゴリーのスコア", "Scores of all categories"),
    "category": ("カテゴリー", "category"),
    "score": ("スコア", "score"),
    "tokens": ("モデルが読んだトークン", "The tokens that the model read"),
    "tokens_help": (
        "一つの枠が一語で、枠の中の縦線がトークンの区切りです。色のついた語は Sudachi が正規化した語で、"
        "上の小さな字が元の表記です。語彙にない語は [UNK] になります。",
        "Each box is a word, and lines in it part its tokens. Sudachi normalised the coloured ones: the small letters "
        "above are what the text has. Words that the vocabulary does not have become [UNK].",
    ),
    "words": ("Sudachi が正規化した語", "The words as Sudachi normalises them"),
    "words_help": (
        "このエンドポイントのモデルは手元にないため、トークンに分ける前の語を表示しています。"
        "workshop export で持ち帰り、このページを起動し直すと、トークンが表示されます。"
        "色のついた語は Sudachi が正規化した語で、上の小さな字が元の表記です。",
        "The endpoint's model is not on this machine, so these are the words before they are split into tokens. "
        "`workshop export` it and start this page again to see the tokens. Sudachi normalised the coloured words: the "
        "small letters above are what the text has.",
    ),
    "token_count": ("トークン: {count}", "tokens: {count}"),
    "word_count": ("語: {count}", "words: {count}"),
    "changed_count": ("正規化された語: {count}", "normalised words: {count}"),
    "unknown_count": ("語彙にない語: {count}", "words not in the vocabulary: {count}"),
    "cut": (
        "モデルが読むのは先頭の {count} トークンまでです。その先は分類に使われません。",
        "The model reads the first {count} tokens; what follows does not count.",
    ),
    "words_cut": ("表示は先頭の {count} 語までです。", "Only the first {count} words are shown."),
    "why": ("分類の理由を見る", "Why this category?"),
    "why_heading": ("{category} と判断した手がかり", "What speaks for {category}"),
    "why_help": (
        "青い語は、このカテゴリーのスコアを上げた語です。濃いほど強く効いています。オレンジで下線のある語は、逆にスコアを下げた語です。"
        "値は、語にマウスを重ねると表示されます(統合勾配法)。",
        "Blue words raised the score of this category, the darker the more; orange, underlined ones lowered it. "
        "Hold the mouse over a word for its weight (integrated gradients).",
    ),
    "why_for": ("スコアを上げた主な語:", "Raised it most:"),
    "why_against": ("スコアを下げた主な語:", "Lowered it most:"),
    "why_cut": (
        "手がかりを調べたのは文章の初めの部分だけです。",
        "Only the beginning of the text was looked at.",
    ),
    "model": ("モデル", "Model"),
    "endpoint": ("エンドポイント", "Endpoint"),
    "no_cost": ("このマシンで動いています。費用はかかりません。", "It runs on this machine and costs nothing."),
    "time_left": ("自動削除まで {left}({at})", "deletes itself in {left}, at {at}"),
    "hours_minutes": ("{hours} 時間 {minutes} 分", "{hours} h {minutes} min"),
    "minutes": ("{minutes} 分", "{minutes} min"),
    "overdue": ("まもなく自動削除されます", "is about to delete itself"),
    "never": ("自動削除の予定がありません", "nothing deletes it by itself"),
    "end_unknown": ("自動削除の時刻は確認できません", "when it deletes itself cannot be seen"),
    "cost": ("ここまで約 {so_far}", "about {so_far} so far"),
    "cost_left": ("、期限までにあと約 {left}", ", about {left} more until then"),
    "cost_unknown": ("料金は確認できません", "its price is unknown"),
    "per_request": ("料金はリクエスト単位", "billed per request"),
    "state": ("状態", "state"),
    "file": ("記事のファイル", "File of articles"),
    "file_help": (
        "CSV(列名 text の列、または 1 列だけのもの)、JSONL(キー text)、1 行に 1 記事の .txt を読み込めます。"
        "列名とキーは sentence1 でもかまいません。文字コードは UTF-8、{articles:,} 記事、{megabytes} MB までです。",
        "A CSV with a column “text”, or with one column only; JSONL with the key “text”; or .txt with an article per "
        "line. “sentence1” will do for “text”. In UTF-8, up to {articles:,} articles and {megabytes} MB.",
    ),
    "classify_file": ("ファイルを分類する", "Classify the file"),
    "download": ("結果を CSV でダウンロード", "Download the results as CSV"),
    "number": ("番号", "no."),
    "opening": ("本文の冒頭", "how it begins"),
    "file_done": ("{count:,} 記事を分類しました。", "{count:,} articles were classified."),
    "working": ("分類中", "Classifying"),
    "report_waits": ("レポートを読み込んでいます。", "The report is being loaded."),
    # What can go wrong, each in one sentence.
    "empty": ("文章が空です。記事の本文を入力してください。", "There is no text. Type an article first."),
    "too_long": (
        "文章が長すぎます。{most:,} 文字以内にしてください。",
        "The text is too long. Keep it within {most:,} characters.",
    ),
    "gone": (
        "エンドポイントが見つかりません。期限が来て削除されたのかもしれません。新しいエンドポイントを作って、このページを起動し直してください。",
        "The endpoint is gone; it may have expired. Make a new one, then start this page again.",
    ),
    "credentials": (
        "AWS の認証情報が期限切れか、無効です。更新してから、このページを起動し直してください。",
        "The AWS credentials have expired or are not valid. Renew them, then start this page again.",
    ),
    "denied": (
        "この操作は AWS の権限で許可されていません。主催者に相談してください。",
        "Your AWS permissions do not allow this. Ask the organiser.",
    ),
    "busy": (
        "ただいま混み合っています。少し待ってから、もう一度お試しください。",
        "It is busy just now. Wait a moment, then try again.",
    ),
    "refused": (
        "エンドポイントがこの文章を受け付けませんでした。短くして、もう一度お試しください。",
        "The endpoint did not accept this text. Shorten it, then try again.",
    ),
    "model_failed": (
        "エンドポイントのモデルがエラーを返しました。もう一度お試しください。続くときは主催者に知らせてください。",
        "The endpoint's model failed. Try again; if it goes on, tell the organiser.",
    ),
    "network": (
        "AWS に接続できません。ネットワークを確かめて、もう一度お試しください。",
        "AWS cannot be reached. Look at the network, then try again.",
    ),
    "aws": (
        "AWS がエラーを返しました({code})。少し待ってから、もう一度お試しください。",
        "AWS answered with an error ({code}). Wait a moment, then try again.",
    ),
    "workshop": (
        "処理を続けられません。理由は、ページを起動したターミナルに表示されています。",
        "This cannot go on. The terminal that started the page says why.",
    ),
    "unexpected": (
        "予期しないエラーが起きました。内容は、ページを起動したターミナルに表示されています。",
        "Something unexpected went wrong. The terminal that started the page says what.",
    ),
    "no_file": ("ファイルが選ばれていません。先にファイルを選んでください。", "No file was chosen. Choose one first."),
    "file_kind": (
        "このファイルは読めません。CSV、JSONL、またはテキストファイルを選んでください。",
        "This kind of file cannot be read. Choose a CSV, JSONL or plain text file.",
    ),
    "file_size": (
        "ファイルが大きすぎます。{megabytes} MB 以下に分けてください。",
        "The file is too large. Split it into files of at most {megabytes} MB.",
    ),
    "file_encoding": (
        "ファイルの文字コードが UTF-8 ではありません({line} 行目)。UTF-8 で保存し直してください。",
        "The file is not in UTF-8 (line {line}). Save it as UTF-8.",
    ),
    "file_empty": ("ファイルに記事がありません。", "The file holds no article."),
    "file_articles": (
        "記事が多すぎます。{most:,} 記事以下に分けてください。",
        "There are too many articles. Split the file into files of at most {most:,}.",
    ),
    "file_column": (
        "CSV に本文の列が見つかりません。1 行目の列名のどれかを text にしてください。",
        "The CSV has no column of texts. Call one of them `text` in the first line.",
    ),
    "file_csv": (
        "CSV として読めない箇所があります({line} 行目)。引用符や列の数を確かめてください。",
        "This is no valid CSV (line {line}). Look at its quotation marks and columns.",
    ),
    "file_json": (
        'JSON として読めない行があります({line} 行目)。各行を {{"text": "本文"}} の形にしてください。',
        'Line {line} cannot be read. Write each line as {{"text": "an article"}}.',
    ),
    "file_blank": ("本文が空の記事があります({line} 行目)。", "The article in line {line} has no text."),
    "file_long": (
        "長すぎる記事があります({line} 行目)。{most:,} 文字以内にしてください。",
        "The article in line {line} is too long. Keep it within {most:,} characters.",
    ),
    "no_report": (
        "このモデルのレポートは手元にありません。workshop export で持ち帰ったフォルダーを使うと、ここに表示されます。",
        "There is no report beside this model. It is shown here for a run that `workshop export` brought home.",
    ),
}
