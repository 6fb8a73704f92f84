"""What the workflow's stages and SageMaker's words for a job's status mean, in Japanese and in English.

The statuses are those of DescribeTrainingJob, SecondaryStatus, which AWS may add to, and of DescribeProcessingJob.
"""

from __future__ import annotations

from infra.names import (
    CLASSIFY_STATE,
    COUNT_ENDPOINTS_STATE,
    COUNT_RUNS_STATE,
    PREPROCESS_STATE,
    REMOVE_MODEL_STATE,
    STOP_CLASSIFYING_STATE,
    TRAIN_STATE,
    TUNE_STATE,
    WAIT_FOR_DATASET_STATE,
)
from workshop.language import Language, one_of
from workshop.runs.job_state import JobState

STATUSES = {
    "Starting": ("インスタンスを起動しています", "SageMaker starts the instance"),
    "Pending": ("インスタンスの空きを待っています", "waits for an instance to be free"),
    "LaunchingMLInstances": ("インスタンスを起動しています", "SageMaker starts the instance"),
    "PreparingTrainingStack": ("学習の準備をしています", "the instance is prepared"),
    "DownloadingTrainingImage": ("学習プログラムのイメージを取得しています", "the image with the program is fetched"),
    "Downloading": ("学習データを取得しています", "the articles are fetched from the bucket"),
    "Training": ("学習しています", "the model learns"),
    "Tuning": ("値を変えながら学習を繰り返しています", "models are trained with values out of the ranges"),
    "InProgress": ("記事を読み込み、トークンに分割しています", "articles are read and tokenised"),
    "Interrupted": (
        "スポットインスタンスが回収されました。空きが出しだい続きから再開します",
        "the spot instance was taken away; it goes on from its checkpoint when there is one again",
    ),
    "Restarting": ("学習を再開しています", "the job is started again"),
    "Uploading": ("モデルをバケットに保存しています", "the model is put into the bucket"),
    "Completed": ("完了しました", "done"),
    "Failed": ("失敗しました", "failed"),
    "Stopping": ("停止しています", "the job is being stopped"),
    "Stopped": ("停止しました", "stopped"),
    "MaxRuntimeExceeded": (
        "実行時間の上限に達したため、SageMaker が停止しました",
        "SageMaker stopped it at its longest run time",
    ),
    "MaxWaitTimeExceeded": (
        "スポットインスタンスの空きを待つ時間の上限に達しました",
        "no spot instance was free for as long as the job may wait",
    ),
}
NO_CAPACITY = (
    "いま AWS に空きインスタンスがありません。空きが出るまで自動で待ちます",
    "AWS has no instance free at the moment; SageMaker goes on trying",
)
CLASSIFYING = ("記事を分類しています", "articles are classified")
STAGES = {
    COUNT_RUNS_STATE: "実行数の確認",
    COUNT_ENDPOINTS_STATE: "エンドポイント数の確認",
    "Look up begin": "予算の確認",
    "List executions": "予算の確認(実行)",
    "List training jobs": "予算の確認(学習)",
    "List transform jobs": "予算の確認(一括分類)",
    "List processing jobs": "予算の確認(前処理)",
    "List endpoints": "予算の確認(エンドポイント)",
    "Note costs": "予算の確保",
    "Read notes": "予算の残りの確認",
    "Over budget": "予算の超過",
    "Find image": "イメージの確認",
    "List corpus": "コーパスの確認",
    "Look for dataset": "データセットの確認",
    PREPROCESS_STATE: "前処理",
    WAIT_FOR_DATASET_STATE: "データセット待ち",
    "Mark dataset": "データセットの確定",
    "Note dataset": "データセットの記録",
    TRAIN_STATE: "学習",
    TUNE_STATE: "ハイパーパラメーターの調整",
    "Create model": "モデルの登録",
    "Configure endpoint": "エンドポイントの設定",
    "Schedule expiry": "自動削除の予約",
    "Create endpoint": "エンドポイントの作成",
    "Describe endpoint": "エンドポイントの起動",
    "Register model": "モデルの登録(一括分類)",
    CLASSIFY_STATE: "記事の一括分類",
    STOP_CLASSIFYING_STATE: "一括分類の停止",
    REMOVE_MODEL_STATE: "モデルの削除(一括分類)",
    "Done": "完了",
}


def meaning(job: JobState, language: Language) -> str:
    """Of a job's status; empty where it is a word that nobody knew when this was written."""
    if "insufficient capacity" in job.message.lower():  # SageMaker's remark while it goes on trying
        return one_of(NO_CAPACITY, language)
    if job.stage == CLASSIFY_STATE and job.status == "InProgress":
        return one_of(CLASSIFYING, language)
    return one_of(STATUSES.get(job.status, ("", "")), language)


def stage_text(name: str, language: Language) -> str:
    """What a stage is called: in English as the workflow names it."""
    return STAGES.get(name, name) if language is Language.JA else name
