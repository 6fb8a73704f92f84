// Reads [[before, after], ...] templates from standard input and prints, for each pair, what differs: the CDK CLI's own
// library knows from CloudFormation's resource schemas what is replaced, and by which property.
const { fullDiff } = require('@aws-cdk/cloudformation-diff');

const pairs = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const NAMED = ['conditions', 'mappings', 'outputs', 'parameters'];

function differences(before, after) {
  const diff = fullDiff(before, after);
  const resources = [];
  diff.resources.forEachDifference((logicalId, change) => resources.push({
    logical_id: logicalId,
    type: change.newResourceType ?? change.oldResourceType,
    old_type: change.oldResourceType ?? null,
    impact: change.changeImpact,
    properties: Object.entries(change.propertyUpdates).map(([name, update]) => ({
      name, impact: update.changeImpact, dropped: update.isRemoval,
    })),
    attributes: Object.entries(change.otherChanges).map(([name, other]) => ({ name, dropped: other.isRemoval })),
  }));
  const others = NAMED.flatMap((section) => diff[section].logicalIds.map((id) => `${section}: ${id}`));
  return { resources, others };
}

process.stdout.write(JSON.stringify(pairs.map((pair) => differences(...pair))));
