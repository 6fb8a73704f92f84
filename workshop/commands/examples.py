"""What people type: one example or two for the help of each command, each with what it does in both languages."""

from __future__ import annotations

from workshop.language import Language

PROGRAM = "workshop"
RUN = "chitra--first"
TEXT = "'延長戦の末に代表チームが勝ちました。'"

# By the command's words: the rest of the line, and what it does in Japanese and in English.
EXAMPLES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "": (
        ("run", "前処理と学習を始めて、経過を見る", "preprocess, train, and follow it"),
        ("run -h", "コマンドの説明を見る", "what a command does"),
    ),
    "doctor": (("doctor", "デプロイ前の確認", "before a deployment, and again the day before"),),
    "build-image": (("build-image", "イメージを CodeBuild で作る", "after `make deploy`"),),
    "smoke": (("smoke", "前日に、本番のインスタンスで数分だけ学習する", "the day before"),),
    "credentials": (
        ("credentials --all", "全員に発行する", "one for everybody"),
        ("credentials participant-3 --rotate", "なくした人に再発行する", "for somebody who lost theirs"),
    ),
    "upload": (
        ("upload --corpus my-data.jsonl", "自分のデータを送る", "data of your own"),
        ("upload --corpus build/downloads/ldcc-20140209.tar.gz", "livedoor ニュースを送る", "livedoor news"),
    ),
    "run": (
        ("run --endpoint", "学習のあと、エンドポイントも作る", "with an endpoint at its end"),
        (
            "run --name first -p epochs=1 -p learning_rate=3e-5",
            "名前とハイパーパラメーターを指定する",
            "under a name, with other hyperparameters",
        ),
        ("run --json | tee run.jsonl", "経過を JSON で受け取る", "for a program"),
    ),
    "tune": (
        ("tune --jobs 4", "4 回学習して、いちばん良いものを残す", "the best of four trainings"),
        (
            "tune -r learning_rate=1e-5:1e-4:log -r epochs=2,3,4 --endpoint",
            "範囲を指定し、最良のモデルを公開する",
            "ranges of your own, and serve the best",
        ),
        ("tune --strategy Hyperband --parallel 1 --yes", "見込みのない学習を途中で止める", "stop what falls behind"),
    ),
    "follow": (
        (f"follow {RUN}", "表示に戻る", "come back to a run"),
        (f"follow {RUN} --json", "経過を JSON で受け取る", "for a program"),
    ),
    "logs": ((f"logs {RUN}", "ジョブのログを見る", "all that its jobs have written"),),
    "stop": ((f"stop {RUN}", "実行を止める", "end it, and what it costs"),),
    "status": (
        ("status", "動いているものと残り時間を見る", "what runs, and until when"),
        ("status --json", "JSON で受け取る", "for a program"),
    ),
    "budget": (
        ("budget", "これまでの料金と残りを見る", "what was spent, and what is left"),
        ("budget --json", "JSON で受け取る", "for a program"),
    ),
    "prices": (
        ("prices", "1 時間あたりの料金と出典を見る", "by the hour, with dates and sources"),
        ("prices --renew", "AWS の料金表で更新する", "from AWS's public list"),
    ),
    "predict": (
        (f"predict {TEXT}", "文章を一つ分類する", "one text"),
        ("predict < texts.txt", "ファイルの各行を分類する", "each line of a file"),
        (
            f"predict --model export/{RUN}/model {TEXT}",
            "持ち帰ったモデルで分類する(AWS は不要)",
            "with a model that was taken home",
        ),
    ),
    "classify": (
        ("classify articles/", "フォルダーの記事をまとめて分類する", "a folder of articles"),
        (
            f"classify mine.csv --run {RUN} --output result.jsonl",
            "モデルと結果の置き場所を選ぶ",
            "with the model of one run, results elsewhere",
        ),
        ("classify --collect chitra--batch", "前に始めた分類の結果を受け取る", "come back for the results"),
    ),
    "export": (
        (f"export {RUN}", "一つの実行を持ち帰る", "one run"),
        ("export", "すべての実行を持ち帰る", "all runs"),
    ),
    "report": (
        (f"report {RUN}", "レポートを作る", "beside the exported run"),
        (f"report {RUN} --lang en --output page.html", "英語で、別の場所に作る", "in English, elsewhere"),
    ),
    "compare": (
        (f"compare {RUN} chitra--second", "二つの実行を並べる", "two runs"),
        (f"compare {RUN} chitra--second --json", "JSON で受け取る", "for a program"),
    ),
    "demo": (
        ("demo", "最新のエンドポイントのページを開く", "with your newest endpoint"),
        (f"demo --model export/{RUN}/model", "持ち帰ったモデルで開く(AWS は不要)", "with a model that was taken home"),
    ),
    "notebooks": (("notebooks", "00 から順に開く", "they open at 00"),),
    "teardown": (
        ("teardown --dry-run", "何が消えるかだけを見る", "only look"),
        ("teardown", "確認のうえ、すべて削除する", "ask once, then remove everything"),
    ),
    "verify": (("verify", "何も残っていないことを確かめる", "days later, once more"),),
    "fetch": (("fetch corpus", "livedoor ニュースを取得する", "the livedoor news corpus"),),
    "fetch model": (("fetch model", "chiTra-1.0 を取得する", "chiTra-1.0, 395 MB"),),
    "fetch corpus": (("fetch corpus", "livedoor ニュースを取得する", "the livedoor news corpus, 9 MB"),),
    "endpoint": ((f"endpoint create {RUN}", "学習したモデルを公開する", "serve the model of a run"),),
    "endpoint create": ((f"endpoint create {RUN} --hours 1", "1 時間だけ公開する", "for an hour"),),
    "endpoint extend": (
        (f"endpoint extend {RUN} --hours 3", "今から 3 時間後まで延ばす", "until three hours from now"),
    ),
    "endpoint delete": ((f"endpoint delete {RUN}", "すぐに削除する", "now, rather than at its end"),),
}
EXIT_CODES = (
    "終了コード: 0 成功、1 失敗、2 入力や設定の誤り、130 中断。",
    "Exit codes: 0 done, 1 failed, 2 bad input or settings, 130 interrupted.",
)


def epilog(command: str, language: Language, program: str) -> str:
    """What stands below a command's options; ``\\b`` keeps Typer from filling the lines anew."""
    english = language is Language.EN
    lines = ["\b", "Examples:" if english else "例:"]
    for words, japanese, meaning in EXAMPLES[command]:
        lines += [f"  # {meaning if english else japanese}", f"  {program} {words}"]
    return "\n".join(lines) + ("" if command else f"\n\n{EXIT_CODES[english]}")
