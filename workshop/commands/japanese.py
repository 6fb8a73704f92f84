"""The help texts in Japanese, by their English ones: who changes a text changes its line here."""

from __future__ import annotations

JAPANESE = {
    # Commands
    "The chiTra hands-on on AWS.": "AWS で行う chiTra ハンズオンのコマンドです。",
    "Check account, quotas and this machine before a deployment; fails on what would break it.": (
        "デプロイの前に、アカウント、クォータ、このマシンを確認します。失敗の原因になるものがあれば 1 で終わります。"
    ),
    "Build the images in CodeBuild and follow the build, for a deployment with image_source codebuild.": (
        "イメージを CodeBuild で作ります。cdk.json の image_source が codebuild のときに使います。"
    ),
    "Train for some minutes on the workshop's instance: is it good enough for the day? Ends with 1 when it is not.": (
        "本番と同じインスタンスで数分だけ学習し、当日に足りるかを確かめます。足りなければ 1 で終わります。"
    ),
    "Issue an access key per participant: credentials/NAME.ini and a sheet, NAME.md, for them alone.": (
        "参加者ごとにアクセスキーを発行します。credentials/ に、本人だけに渡す 名前.ini と 名前.md を作ります。"
    ),
    "Put a corpus into the workshop's bucket: the organiser's for everybody, a participant's for their own runs.": (
        "コーパスをバケットに送ります。主催者が送ったものは全員が、参加者が送ったものは本人の実行だけが使います。"
    ),
    "Preprocess and train on AWS, and follow it.": "AWS で前処理と学習を行い、経過を表示します。",
    "Train several models with other hyperparameters each, and keep the best by validation accuracy."
    "\n\nSays what it may cost, and asks before it starts.": (
        "ハイパーパラメーターを変えながら何度か学習し、検証の正解率がいちばん高いモデルを選びます。"
        "\n\n料金の上限を表示し、確認してから始めます。"
    ),
    "Show a run from its beginning, until it ends.": "実行の経過を、最初から終わりまで表示します。",
    "Print what the jobs of a run have written so far.": "実行のジョブがこれまでに書いたログを表示します。",
    "End a run with the job at work. An endpoint that it made stays until its schedule, or you, delete it.": (
        "実行と、いま動いているジョブを止めます。すでにできたエンドポイントは、期限がくるか、自分で消すまで残ります。"
    ),
    "Show every endpoint with time and cost left, and every execution with its stage.": (
        "エンドポイントの残り時間と料金、実行の状況を表示します。"
    ),
    "Show what the workshop's jobs and endpoints have cost, what running ones may still cost, and what is left.": (
        "ジョブとエンドポイントのこれまでの料金、実行中のものにかかる料金の上限、予算の残りを表示します。"
    ),
    "Show what the settings' instances cost by the hour, each price with its date and source.": (
        "設定したインスタンスの 1 時間あたりの料金を、調べた日付と出典とともに表示します。"
    ),
    "Write the region's prices anew, from AWS's public price list.": (
        "AWS が公開している料金表で、リージョンの料金を更新します。"
    ),
    "Classify texts with an endpoint, or with a model on this disk.": (
        "文章を分類します。エンドポイントか、手元のモデルを使います。"
    ),
    "Download models, reports and datasets, verified; run it again to go on with what was cut off.": (
        "モデル、レポート、データセットを持ち帰り、壊れていないかも確かめます。途切れたら、もう一度実行すれば続きから始まります。"
    ),
    "Write one page about a run: its data, learning curve, mistakes, and other runs beside it. Opens without network."
    "\n\nReads what `workshop export` brought home, and fetches what it needs of the rest.": (
        "実行のレポートを 1 ページにまとめます。データ、学習曲線、間違えた記事、ほかの実行との比較が載り、"
        "ネットワークがなくても開けます。"
        "\n\n`workshop export` で持ち帰ったものを使い、足りないものは取得します。"
    ),
    "Set runs side by side: accuracy, epochs, the hyperparameters that differ, time and cost."
    "\n\nReads what `workshop export` brought home, and fetches what it needs of the rest.": (
        "実行を並べて比べます。正解率、エポック数、違っているハイパーパラメーター、時間と料金がわかります。"
        "\n\n`workshop export` で持ち帰ったものを使い、足りないものは取得します。"
    ),
    "Open a page on this machine: classify articles, see tokens, time and money left, and the run's report.": (
        "このマシンでページを開きます。記事を分類し、トークン、エンドポイントの残り時間と料金、学習のレポートを見られます。"
    ),
    "Open the notebooks in JupyterLab, in Japanese, with your AWS credentials. Ctrl-C ends it.": (
        "ノートブックを JupyterLab で開きます。自分の AWS 認証情報を使います。Ctrl-C で終わります。"
    ),
    "Remove everything that belongs to the workshop, look again from scratch, and write a receipt."
    "\n\nExit code 0: nothing remains. 1: something remains or could not be seen; run the command again.": (
        "ハンズオンで作ったものをすべて削除し、残っていないかを改めて調べて、削除記録を書きます。"
        "\n\n終了コード 0: 何も残っていません。1: 残っているか、確認できないものがあります。もう一度実行してください。"
    ),
    "List from scratch what belongs to the workshop, and delete nothing. Exit code 1 when something does.": (
        "ハンズオンのものが残っていないかを調べます。何も削除しません。残っていれば 1 で終わります。"
    ),
    "Classify many articles at once, without an endpoint: a batch transform job, then a file with the results.": (
        "たくさんの記事をまとめて分類します。エンドポイントは使わず、バッチ変換ジョブの結果をファイルに保存します。"
    ),
    "Download the model or the corpus.": "モデルやコーパスを取得します。",
    "Download chiTra and unpack it to build/models/.": "chiTra を取得し、build/models/ に展開します。",
    "Download the livedoor news corpus.": "livedoor ニュースコーパスを取得します。",
    "Create, extend or delete endpoints.": "エンドポイントを作成、延長、削除します。",
    "Serve a finished run's model. The schedule that deletes the endpoint is made before the endpoint.": (
        "学習が終わったモデルをエンドポイントとして公開します。先に自動削除を予約してから、エンドポイントを作ります。"
    ),
    "Move an endpoint's end.": "エンドポイントの期限を変えます。",
    "Delete an endpoint with its config, model and schedule.": (
        "エンドポイントを、設定、モデル、自動削除の予約とともに削除します。"
    ),
    # Options and arguments
    "Profile of your AWS configuration; before AWS_PROFILE.": (
        "使う AWS のプロファイル。AWS_PROFILE より優先されます。"
    ),
    "Region of the workshop; that of cdk.json when left out.": (
        "ハンズオンのリージョン。省くと、cdk.json に書いたもの。"
    ),
    "Print the version and end.": "バージョンを表示して終わります。",
    "Install completion for the current shell.": "使っているシェルに補完を設定します。",
    "Show completion for the current shell, to copy it or customize the installation.": (
        "使っているシェルの補完スクリプトを表示します。自分で設定するときに使います。"
    ),
    "Show this message and exit.": "この説明を表示して終わります。",
    "Print one JSON document, for programs, and nothing else.": (
        "プログラム向けに、結果を一つの JSON として出力します。"
    ),
    "Print one JSON object per line, for programs; the last one says how it ended.": (
        "プログラム向けに、経過を 1 行に一つの JSON で出力します。最後の行が結果です。"
    ),
    "The workshop's folder: cdk.json is read there, and what a command writes goes there.": (
        "ハンズオンのフォルダー。cdk.json を読み、作ったファイルを置く場所です。"
    ),
    "Name as in cdk.json.": "cdk.json に書いた名前。",
    "All participants of cdk.json.": "cdk.json に書いた参加者全員。",
    "A new key; the earlier ones are deleted.": "新しいキーを発行し、以前のキーを削除します。",
    "Delete keys, console password and files.": "キー、コンソールのパスワード、ファイルを削除します。",
    "Also a temporary console password, which must be changed.": (
        "コンソールの仮パスワードも発行します。最初のサインインで変更が必要です。"
    ),
    "Archive, extracted folder, or JSONL files.": "コーパス。アーカイブ、展開したフォルダー、JSONL ファイルのどれか。",
    "Name of the run; your name and the time when left out.": "実行の名前。省くと、自分の名前と時刻から付きます。",
    "name=value.": "ハイパーパラメーター。名前=値 の形で、何度でも指定できます。",
    "NAME=LOW:HIGH, NAME=LOW:HIGH:log or NAME=VALUE,VALUE; learning rate and batch size when left out.": (
        "試す範囲。名前=下限:上限、名前=下限:上限:log、名前=値,値 のどれか。省くと、学習率とバッチサイズ。"
    ),
    "Trainings in all; as many as cdk.json allows.": "学習の回数。省くと、cdk.json で許された回数。",
    "Trainings at a time; as many as cdk.json allows.": "同時に動かす学習の数。省くと、cdk.json で許された数。",
    "How values are chosen; Hyperband stops what falls behind after an epoch or more.": (
        "値の選び方。Hyperband は、見込みのない学習を途中で止めます。"
    ),
    "Also create an endpoint, which costs money until it expires.": (
        "エンドポイントも作ります。期限がくるまで料金がかかります。"
    ),
    "Name of the run, as `workshop run` printed it.": "実行の名前。`workshop run` が表示したもの。",
    "Names of two runs or more, as `workshop run` printed them.": (
        "比べる実行の名前。`workshop run` が表示したものを二つ以上。"
    ),
    "Name of the run, as `workshop run` printed it; all runs when left out.": (
        "実行の名前。`workshop run` が表示したもの。省くと、すべての実行。"
    ),
    "Texts; one per line of standard input when left out.": "分類する文章。省くと、標準入力の 1 行を 1 件とします。",
    "Your newest one when left out.": "エンドポイントの名前。省くと、自分の最新のもの。",
    "An exported run's folder model/; it answers without endpoint and account.": (
        "持ち帰った実行の model/ フォルダー。エンドポイントも AWS アカウントも使いません。"
    ),
    "Folder or files: each .txt is an article, each row of a .csv or .jsonl holds one as text.": (
        "記事のフォルダーかファイル。.txt は 1 ファイルが 1 記事、.csv と .jsonl は 1 行の text が 1 記事。"
    ),
    "The run whose model reads them; your newest one when left out.": (
        "分類に使うモデルを学習した実行。省くと、自分の最新のもの。"
    ),
    "Where the results go, .csv or .jsonl; beside the articles when left out.": (
        "結果のファイル。.csv か .jsonl。省くと、記事と同じ場所に作ります。"
    ),
    "Come back to an earlier call by its run: wait for it, fetch its results.": (
        "前に始めた分類の実行の名前。終わるのを待って、結果を受け取ります。"
    ),
    "Start without being asked.": "確認せずに始めます。",
    "Of this machine; 7860 when left out, or any that is free.": (
        "このマシンのポート。省くと 7860、使われていれば空いているもの。"
    ),
    "Print the address only.": "アドレスを表示するだけで、ブラウザーは開きません。",
    "JupyterLab's own options.": "JupyterLab のオプション。",
    "Where to put it; export/ in the workshop's folder when left out.": (
        "保存先。省くと、ハンズオンのフォルダーの export/。"
    ),
    "The page's file; report.html beside the exported run when left out.": (
        "作るファイル。省くと、持ち帰った実行のフォルダーの report.html。"
    ),
    "The page's language; the locale's when left out.": "レポートの言語。省くと、ロケールの言語。",
    "Do not ask.": "確認せずに進めます。",
    "Only show what would be removed.": "何が削除されるかを表示するだけにします。",
    "Remove runs that were not exported in full, too.": "持ち帰っていない実行も削除します。",
    "Seconds of quiet in which no log may come back.": "ログが現れないことを確かめる秒数。",
    "1.0 or 1.1.": "1.0 か 1.1。",
    "A local archive or folder instead.": "取得する代わりに使う、手元のアーカイブかフォルダー。",
    "A local archive instead.": "取得する代わりに使う、手元のアーカイブ。",
    "Name of the run whose model to serve.": "公開するモデルを学習した実行の名前。",
    "Hours until it deletes itself; as set in cdk.json.": (
        "自動で削除されるまでの時間。省くと、cdk.json に書いた時間。"
    ),
    "Name of the endpoint, as `workshop status` prints it.": "エンドポイントの名前。`workshop status` が表示するもの。",
    "Hours to live from now on.": "今から削除されるまでの時間。",
}
# What Typer writes itself.
HEADINGS = {"Arguments": "引数", "Options": "オプション", "Commands": "コマンド"}
USAGE = "使い方: "
REMARKS = {
    "required": "必須",
    "default: (the project's)": "既定: プロジェクトのフォルダー",
    "default: no-endpoint": "既定: 作らない",
    "default: ": "既定: ",
    "env var: ": "環境変数: ",
}
