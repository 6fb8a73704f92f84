"""In which order a teardown removes, and what waits for what."""

from __future__ import annotations

import enum


class Topic(enum.Enum):
    """What resources are about; the value is how people call it."""

    ACCESS = "access keys and passwords"
    EXECUTIONS = "executions and builds"
    SCALING = "scalable targets"
    TENANTS = "what runs on endpoints and in Studio"
    SPACES = "Studio's spaces"
    PROFILES = "Studio's user profiles"
    ENDPOINTS = "endpoints"
    JOBS = "jobs"
    INSTANCES = "notebooks, servers, clusters and Studio"
    SERVING = "models and endpoint configs"
    EXPIRY = "expiry schedules"
    DATA = "the bucket's contents"
    STAGED = "images and templates"
    PARTICIPANTS_STACK = "the participants' stack"
    WORKFLOW_STACK = "the workflow's stack"
    FOUNDATION_STACK = "the foundation's stack"
    OTHERS = "what else carries the tag"
    LOGS = "logs"


# In the order of removal: nobody starts anything new, what costs money stops, then data, stacks and logs.
WAVES = (
    (Topic.ACCESS, Topic.EXECUTIONS),
    (Topic.SCALING, Topic.TENANTS),
    (Topic.ENDPOINTS, Topic.JOBS, Topic.SPACES),
    (Topic.PROFILES,),
    (Topic.INSTANCES,),
    (Topic.SERVING, Topic.EXPIRY),
    (Topic.DATA, Topic.STAGED),
    (Topic.PARTICIPANTS_STACK,),
    (Topic.WORKFLOW_STACK,),
    (Topic.FOUNDATION_STACK,),
    (Topic.OTHERS,),
    (Topic.LOGS,),
)
# A failed removal, or a place that could not be seen, blocks only its dependants. An endpoint that is being created
# hangs for an hour when its model is deleted; its expiry, and the role that the expiry uses, are what ends it when
# nobody comes back.
WAITS_FOR: dict[Topic, frozenset[Topic]] = {
    Topic.SERVING: frozenset({Topic.ENDPOINTS}),
    Topic.EXPIRY: frozenset({Topic.ENDPOINTS}),
    Topic.PARTICIPANTS_STACK: frozenset({Topic.ACCESS}),
    Topic.WORKFLOW_STACK: frozenset({Topic.ENDPOINTS, Topic.EXPIRY, Topic.PARTICIPANTS_STACK}),
    Topic.FOUNDATION_STACK: frozenset({Topic.ENDPOINTS, Topic.JOBS, Topic.DATA, Topic.WORKFLOW_STACK}),
}
